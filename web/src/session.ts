import { post } from './api';
import { dataOf } from './errors';

export interface Clinic {
  id: string;
  name: string;
  slug: string;
}

export interface Viewer {
  user: { id: string; displayName: string; email: string; isPlatformAdmin: boolean };
  actingClinic: Clinic | null;
  memberships: { clinic: Clinic; role: string }[];
}

/** The session of the signed-in user. Held in memory only: a reload ends it for this page. */
export interface Session {
  token: string;
  viewer: Viewer;
}

const SIGN_IN = /* GraphQL */ `
  mutation SignIn($input: SignInInput!) {
    signIn(input: $input) {
      token
      expiresAt
      viewer {
        user { id displayName email isPlatformAdmin }
        actingClinic { id name slug }
        memberships { clinic { id name slug } role }
      }
    }
  }
`;

const SIGN_OUT = /* GraphQL */ `
  mutation SignOut {
    signOut { signedOut }
  }
`;

const SWITCH_CLINIC = /* GraphQL */ `
  mutation SwitchClinic($input: SwitchClinicInput!) {
    switchClinic(input: $input) {
      viewer {
        user { id }
        actingClinic { id name slug }
      }
    }
  }
`;

const EXAMPLE_IDS = /* GraphQL */ `
  query ExampleIds {
    tickets(first: 1, filter: { status: OPEN }) { nodes { id clinic { id } } }
  }
`;

export async function signIn(endpoint: string, email: string, password: string): Promise<Session> {
  const variables = { input: { email, password } };
  const result = await post<{ signIn: Session }>(endpoint, null, { query: SIGN_IN, variables });
  const { token, viewer } = dataOf(result).signIn;
  return { token, viewer };
}

/** Ids of an open ticket and its clinic, if the user can see one. */
export async function readExampleIds(endpoint: string, { token }: Session): Promise<unknown> {
  return (await post(endpoint, token, { query: EXAMPLE_IDS })).data;
}

export async function signOut(endpoint: string, { token }: Session): Promise<void> {
  dataOf(await post(endpoint, token, { query: SIGN_OUT }));
}

export async function switchClinic(
  endpoint: string,
  session: Session,
  clinicId: string,
): Promise<Session> {
  const variables = { input: { clinicId } };
  const result = await post<{ switchClinic: { viewer: Pick<Viewer, 'actingClinic'> } }>(
    endpoint,
    session.token,
    { query: SWITCH_CLINIC, variables },
  );
  const { actingClinic } = dataOf(result).switchClinic.viewer;
  return { ...session, viewer: { ...session.viewer, actingClinic } };
}
