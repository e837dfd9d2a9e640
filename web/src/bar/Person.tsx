import type { Viewer } from '../session';
import { ClinicSwitcher } from './ClinicSwitcher';

interface Props {
  viewer: Viewer | undefined;
  demo: boolean;
  onSignIn(): void;
  onSignOut(): void;
  onSwitchClinic(clinicId: string): void;
}

/** The signed-in user and their acting clinic, with buttons to change both. */
export function Person({ viewer, demo, onSignIn, onSignOut, onSwitchClinic }: Props) {
  if (!viewer) {
    return (
      <div className="person">
        <span className="quiet">Not signed in</span>
        <button type="button" className="primary" onClick={onSignIn}>
          Sign in
        </button>
      </div>
    );
  }
  return (
    <div className="person">
      <ClinicSwitcher viewer={viewer} onSwitch={onSwitchClinic} />
      <span className="person-name" title={viewer.user.email}>
        {viewer.user.displayName}
      </span>
      {demo && (
        <button type="button" onClick={onSignIn}>
          Change user
        </button>
      )}
      <button type="button" onClick={onSignOut}>
        Sign out
      </button>
    </div>
  );
}
