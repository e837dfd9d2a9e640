import type { GraphQLFormattedError, OperationDefinitionNode } from 'graphql';
import { type Client, createClient } from 'graphql-ws';
import type { Operation, Result } from './api';

export interface SocketEvents {
  connected(): void;
  lost(): void;
}

const LONGEST_PAUSE_MS = 20_000;
const UNAUTHORIZED = 4401;
const FORBIDDEN = 4403;

const CLOSE_REASONS: Record<number, string> = {
  4400: 'The server did not understand the subscription message.',
  [UNAUTHORIZED]: 'The session has ended. Sign in again.',
  [FORBIDDEN]: 'This session may no longer subscribe. Sign in again.',
  4408: 'The server closed an idle connection.',
  4409: 'This subscription is already running on the connection.',
  4429: 'Too many subscriptions at once. Stop one and try again.',
};

/** A WebSocket that opens with the first subscription and closes after the last. */
export function openSocket(endpoint: string, token: string | null, events: SocketEvents): Client {
  const url = new URL(endpoint, location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';

  return createClient({
    url: url.href,
    lazy: true,
    connectionParams: token ? { authorization: `Bearer ${token}` } : {},
    retryAttempts: Number.POSITIVE_INFINITY,
    retryWait: (attempt) => pause(Math.min(1000 * 2 ** attempt, LONGEST_PAUSE_MS)),
    shouldRetry: (reason) => !(reason instanceof CloseEvent && reason.code === FORBIDDEN),
    on: { connected: events.connected, closed: events.lost },
  });
}

export interface ResultSink {
  next(result: Result): void;
  error(errors: readonly GraphQLFormattedError[]): void;
  complete(): void;
}

/**
 * Subscribes so that no event is missed when the connection is lost: if the document declares
 * `$after`, the cursor of each event becomes its value, and the retry resumes there.
 */
export function subscribe(
  client: Client,
  operation: Operation,
  definition: OperationDefinitionNode,
  sink: ResultSink,
): () => void {
  const variables: Record<string, unknown> = { ...operation.variables };
  const resumes = definition.variableDefinitions?.some(
    ({ variable }) => variable.name.value === 'after',
  );

  return client.subscribe(
    { ...operation, variables },
    {
      next(result) {
        const cursor = resumes && cursorOf(result.data);
        if (cursor) variables.after = cursor;
        sink.next(result as Result);
      },
      error: (reason) => sink.error(errorsFrom(reason)),
      complete: () => sink.complete(),
    },
  );
}

function cursorOf(data: Record<string, unknown> | null | undefined): string | undefined {
  const [event] = Object.values(data ?? {});
  const cursor = (event as { cursor?: unknown } | null | undefined)?.cursor;
  return typeof cursor === 'string' ? cursor : undefined;
}

function errorsFrom(reason: unknown): readonly GraphQLFormattedError[] {
  if (Array.isArray(reason)) return reason;
  if (reason instanceof CloseEvent) {
    const message = CLOSE_REASONS[reason.code] ?? (reason.reason || 'The connection was closed.');
    const code = [UNAUTHORIZED, FORBIDDEN].includes(reason.code) ? 'UNAUTHENTICATED' : 'CLOSED';
    return [{ message, extensions: { code, closeCode: reason.code } }];
  }
  return [{ message: reason instanceof Error ? reason.message : 'The subscription failed.' }];
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds * (0.5 + Math.random() / 2)));
}
