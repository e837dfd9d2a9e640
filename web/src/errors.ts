import type { GraphQLFormattedError } from 'graphql';
import { NoAnswer, type Result } from './api';

const KIND_WORDS: Record<string, string> = {
  INVALID_CREDENTIALS: 'This e-mail address and password do not belong together.',
  ACCOUNT_LOCKED: 'This account is locked after too many attempts.',
  USER_INACTIVE: 'This account is not active. Ask an administrator of your clinic.',
  CLINIC_INACTIVE: 'This clinic is not active.',
  RATE_LIMITED: 'Too many attempts.',
  UNAVAILABLE: 'The server is busy or restarting. Try again in a moment.',
  TIMEOUT: 'The server took too long. Try again in a moment.',
};

export function errorCode(error: GraphQLFormattedError | undefined): string | undefined {
  const code = error?.extensions?.code;
  return typeof code === 'string' ? code : undefined;
}

/** True when the server no longer, or not yet, knows who is asking. */
export function asksForSignIn(result: Result): boolean {
  return (result.errors ?? []).some((error) =>
    ['UNAUTHENTICATED', 'SESSION_EXPIRED'].includes(errorCode(error) ?? ''),
  );
}

/** The answer's data, or an error in words for people. */
export function dataOf<Data>(result: Result<Data>): Data {
  const [error] = result.errors ?? [];
  if (error) throw new Error(inWords(error));
  if (!result.data) throw new Error('The server answered without data.');
  return result.data;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** An error as the response pane shows it: without a stack. */
export function asResult(error: unknown): Result {
  const code = error instanceof NoAnswer ? 'NO_ANSWER' : 'PAGE_ERROR';
  return { errors: [{ message: messageOf(error), extensions: { code } }] };
}

function inWords(error: GraphQLFormattedError): string {
  const words = KIND_WORDS[errorCode(error) ?? ''] ?? error.message;
  const seconds = error.extensions?.retryAfter;
  return typeof seconds === 'number' ? `${words} Try again in ${seconds} seconds.` : words;
}
