import type { Viewer } from '../session';

interface Props {
  viewer: Viewer;
  onSwitch(clinicId: string): void;
}

/** The acting clinic, with a menu for users who belong to several clinics. */
export function ClinicSwitcher({ viewer, onSwitch }: Props) {
  const { actingClinic, memberships, user } = viewer;
  const clinics = new Map(memberships.map(({ clinic }) => [clinic.id, clinic]));
  if (actingClinic) clinics.set(actingClinic.id, actingClinic);

  const onlyChoice = actingClinic ? clinics.size === 1 : clinics.size === 0;
  if (onlyChoice) {
    const none = user.isPlatformAdmin ? 'All clinics' : 'No clinic';
    return <span className="quiet">{actingClinic?.name ?? none}</span>;
  }
  return (
    <select
      aria-label="Acting clinic"
      value={actingClinic?.id ?? ''}
      onChange={(event) => onSwitch(event.target.value)}
    >
      {!actingClinic && <option value="" disabled>Choose a clinic</option>}
      {[...clinics.values()].map(({ id, name }) => (
        <option key={id} value={id}>{name}</option>
      ))}
    </select>
  );
}
