import type { DemoPerson } from '../config';

interface Props {
  people: DemoPerson[];
  busy: boolean;
  onChoose(email: string, password: string): void;
}

/** Buttons to sign in as one of the demo users. */
export function DemoPeople({ people, busy, onChoose }: Props) {
  const byClinic = Map.groupBy(people, ({ clinic }) => clinic ?? 'All clinics');

  return (
    <section className="demo-people" aria-label="Demo users">
      <p className="quiet">This server has demo data. Sign in as one of these users:</p>
      {[...byClinic].map(([clinic, group]) => (
        <div key={clinic}>
          <h3>{clinic}</h3>
          <ul>
            {group.map(({ label, role, email, password }) => (
              <li key={email}>
                <button type="button" disabled={busy} onClick={() => onChoose(email, password)}>
                  <strong>{label}</strong> <span className="quiet">{role}</span>
                </button>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </section>
  );
}
