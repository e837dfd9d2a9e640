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
import { readExampleIds, type Session, signIn, signOut, switchClinic } from './session';
import { PersonalStorage } from './storage';

const Workbench = lazy(() => import('./Workbench'));

/** The session, the bar that shows it, and GraphiQL with a connection for the signed-in user. */
export function Console({ config: { endpoint, demo, people } }: { config: Config }) {
  const [session, setSession] = useState<Session | null>(null);
  const [signingIn, setSigningIn] = useState(demo);
  const [activity, setActivity] = useState<Activity | null>(null);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [attempt, setAttempt] = useState(0);
  const lastIds = useRef<Ids>({});

  const token = session?.token ?? null;
  const personId = session?.viewer.user.id ?? 'nobody';
  const actingClinicId = session?.viewer.actingClinic?.id;

  const storage = useMemo(() => new PersonalStorage(personId), [personId]);
  const examples = useMemo(() => examplesFor(session?.viewer), [personId]);
  // A new connection for each user, acting clinic and attempt: GraphiQL then reads the schema again,
  // and no socket of the previous user stays open.
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
    // Fills in the variables of the examples that need a ticket or a clinic.
    lastIds.current = idsIn(await readExampleIds(endpoint, next).catch(() => null));
    setSession(next);
    setProblem(null);
    setSigningIn(false);
  }

  async function leave(from: Session) {
    try {
      await signOut(endpoint, from);
      setProblem(null);
    } catch (error) {
      setProblem(`You are signed out on this page, but the session could not be ended. ${messageOf(error)}`);
    }
    storage.close();
    lastIds.current = {};
    setSession(null);
  }

  async function actFor(from: Session, clinicId: string) {
    try {
      setSession(await switchClinic(endpoint, from, clinicId));
      setProblem(null);
    } catch (error) {
      setProblem(`Switching the clinic failed. ${messageOf(error)}`);
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

      {problem && (
        <Notice action="Dismiss" onAction={() => setProblem(null)}>
          {problem}
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
            ? 'Your session has ended. Sign in again to continue; your tabs are preserved.'
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
