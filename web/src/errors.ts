import type { GraphQLFormattedError } from 'graphql';
import { NoAnswer, type Result } from './api';

const MESSAGES: Record<string, string> = {
  INVALID_CREDENTIALS: 'The email address or the password is wrong.',
  ACCOUNT_LOCKED: 'This account is locked because of too many failed attempts.',
  USER_INACTIVE: 'This account is not active. Ask an administrator of your clinic.',
  CLINIC_INACTIVE: 'This clinic is not active.',
  RATE_LIMITED: 'Too many attempts.',
  UNAVAILABLE: 'The server is busy or restarting. Try again in a moment.',
  TIMEOUT: 'The server took too long to respond. Try again in a moment.',
};

export function errorCode(error: GraphQLFormattedError | undefined): string | undefined {
  const code = error?.extensions?.code;
  return typeof code === 'string' ? code : undefined;
}

/** Whether the request had no valid session. */
export function asksForSignIn(result: Result): boolean {
  return (result.errors ?? []).some((error) =>
    ['UNAUTHENTICATED', 'SESSION_EXPIRED'].includes(errorCode(error) ?? ''),
  );
}

/** The data of a result; throws an error with a readable message if there is none. */
export function dataOf<Data>(result: Result<Data>): Data {
  const [error] = result.errors ?? [];
  if (error) throw new Error(messageFor(error));
  if (!result.data) throw new Error('The server returned no data.');
  return result.data;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** An error as shown in the response pane, without a stack trace. */
export function asResult(error: unknown): Result {
  const code = error instanceof NoAnswer ? 'NO_ANSWER' : 'PAGE_ERROR';
  return { errors: [{ message: messageOf(error), extensions: { code } }] };
}

function messageFor(error: GraphQLFormattedError): string {
  const words = MESSAGES[errorCode(error) ?? ''] ?? error.message;
  const seconds = error.extensions?.retryAfter;
  return typeof seconds === 'number' ? `${words} Try again in ${seconds} seconds.` : words;
}
