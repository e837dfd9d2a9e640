import { lazy, Suspense, useEffect, useMemo, useRef, useState } from 'react';
import { Bar } from './bar/Bar';
import { LastOperation } from './bar/LastOperation';
import { Notice } from './bar/Notice';
import { Person } from './bar/Person';
import { SignInDialog } from './bar/SignInDialog';
import type { Config } from './config';
import { type Activity, connect, type Trouble } from './connection';
import { messageOf } from './errors';
import { examplesFor, type Ids, idsIn } from './examples';
import { look, type Session, signIn, signOut, switchClinic } from './session';
import { PersonalStorage } from './storage';

const Workbench = lazy(() => import('./Workbench'));

/** Who is signed in, the bar that says so, and GraphiQL connected on their behalf. */
export function Console({ config: { endpoint, demo, people } }: { config: Config }) {
  const [session, setSession] = useState<Session | null>(null);
  const [signingIn, setSigningIn] = useState(demo);
  const [activity, setActivity] = useState<Activity | null>(null);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const [complaint, setComplaint] = useState<string | null>(null);
  const [attempt, setAttempt] = useState(0);
  const lastIds = useRef<Ids>({});

  const token = session?.token ?? null;
  const personId = session?.viewer.user.id ?? 'nobody';
  const actingClinicId = session?.viewer.actingClinic?.id;

  const storage = useMemo(() => new PersonalStorage(personId), [personId]);
  const examples = useMemo(() => examplesFor(session?.viewer), [personId]);
  // A new connection for another person, another acting clinic, or another attempt: GraphiQL then
  // reads the schema again, and no socket goes on speaking for who was here before.
  const connection = useMemo(
    () =>
      connect(endpoint, token, {
        onActivity: setActivity,
        onTrouble: setTrouble,
        onResult: (result) => {
          Object.assign(lastIds.current, idsIn(result.data));
        },
      }),
    [endpoint, token, actingClinicId, attempt],
  );

  useEffect(
    () => () => {
      connection.close();
      setActivity(null);
      setTrouble(null);
    },
    [connection],
  );

  async function enter(email: string, password: string) {
    const next = await signIn(endpoint, email, password);
    if (session) void signOut(endpoint, session).catch(() => undefined);
    // So that examples which need a ticket can be run as they stand.
    lastIds.current = idsIn(await look(endpoint, next).catch(() => null));
    setSession(next);
    setComplaint(null);
    setSigningIn(false);
  }

  async function leave(from: Session) {
    try {
      await signOut(endpoint, from);
      setComplaint(null);
    } catch (error) {
      setComplaint(`Signed out on this page only. ${messageOf(error)}`);
    }
    storage.forget();
    lastIds.current = {};
    setSession(null);
  }

  async function actFor(from: Session, clinicId: string) {
    try {
      setSession(await switchClinic(endpoint, from, clinicId));
      setComplaint(null);
    } catch (error) {
      setComplaint(`The clinic was not switched. ${messageOf(error)}`);
    }
  }

  return (
    <>
      <Bar>
        <LastOperation activity={activity} />
        <Person
          viewer={session?.viewer}
          demo={demo}
          onSignIn={() => setSigningIn(true)}
          onSignOut={() => session && leave(session)}
          onSwitchClinic={(clinicId) => session && actFor(session, clinicId)}
        />
      </Bar>

      {complaint && (
        <Notice action="Dismiss" onAction={() => setComplaint(null)}>
          {complaint}
        </Notice>
      )}
      {trouble?.kind === 'unreachable' && (
        <Notice action="Try again" onAction={() => setAttempt(attempt + 1)}>
          {trouble.message}
        </Notice>
      )}
      {trouble?.kind === 'signIn' && (
        <Notice action="Sign in" onAction={() => setSigningIn(true)}>
          {session
            ? 'Your session has ended. Sign in again to go on; your tabs stay as they are.'
            : 'Sign in to see the schema and to run operations.'}
        </Notice>
      )}

      <main>
        <Suspense fallback={<p className="loading" role="status">Loading the editor…</p>}>
          <Workbench
            key={personId}
            fetcher={connection.fetcher}
            storage={storage}
            examples={examples}
            lastIds={() => lastIds.current}
          />
        </Suspense>
      </main>

      {signingIn && (
        <SignInDialog people={people} onSignIn={enter} onClose={() => setSigningIn(false)} />
      )}
    </>
  );
}
