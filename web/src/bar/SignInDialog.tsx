import { useLayoutEffect, useRef, useState } from 'react';
import type { DemoPerson } from '../config';
import { messageOf } from '../errors';
import { DemoPeople } from './DemoPeople';
import { SignInForm } from './SignInForm';

interface Props {
  people: DemoPerson[];
  onSignIn(email: string, password: string): Promise<void>;
  onClose(): void;
}

export function SignInDialog({ people, onSignIn, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<string | null>(null);

  // Closing the dialog before it is removed returns the focus to where it was.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);

  async function attempt(email: string, password: string) {
    setBusy(true);
    setRefusal(null);
    try {
      await onSignIn(email, password);
    } catch (error) {
      setRefusal(messageOf(error));
      setBusy(false);
    }
  }

  return (
    <dialog ref={dialog} className="sign-in" aria-labelledby="sign-in-title" onClose={onClose}>
      <h2 id="sign-in-title">Sign in</h2>
      {refusal && <p className="refusal" role="alert">{refusal}</p>}
      <div className="sign-in-options" aria-busy={busy}>
        {people.length > 0 && <DemoPeople people={people} busy={busy} onChoose={attempt} />}
        <SignInForm busy={busy} onSubmit={attempt} />
      </div>
      {/* Last, so that the dialog opens with the focus on the first sign-in option. */}
      <button type="button" className="close" onClick={() => dialog.current?.close()}>
        Close
      </button>
    </dialog>
  );
}
