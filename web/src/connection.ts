import type { Fetcher, FetcherReturnType } from '@graphiql/toolkit';
import { getOperationAST, type OperationDefinitionNode, parse } from 'graphql';
import { type Cost, NoAnswer, type Operation, post, type Result } from './api';
import { asksForSignIn, asResult, messageOf } from './errors';
import { openSocket, type ResultSink, subscribe } from './socket';

/** What the bar shows about the last operation. */
export type Activity = Answered | Live;

export interface Answered {
  kind: 'answered';
  milliseconds: number;
  cost?: Cost;
}

export interface Live {
  kind: 'live';
  connected: boolean;
  events: number;
  cost?: Cost;
}

/** A problem that stops the page from working; cleared by the next response. */
export type Trouble = { kind: 'unreachable'; message: string } | { kind: 'signIn' };

export interface Listener {
  onActivity(activity: Activity | null): void;
  onTrouble(trouble: Trouble | null): void;
  onResult(result: Result): void;
}

export interface Connection {
  fetcher: Fetcher;
  close(): void;
}

const INTROSPECTION = 'IntrospectionQuery';

/** Sends the operations of one user: over HTTP, and subscriptions over a WebSocket. */
export function connect(endpoint: string, token: string | null, listener: Listener): Connection {
  let live: Live | null = null;
  let closed = false;

  function report(activity: Activity | null) {
    if (!closed) listener.onActivity(activity);
  }

  function setConnected(connected: boolean) {
    if (!live) return;
    live.connected = connected;
    report({ ...live });
  }

  const socket = openSocket(endpoint, token, {
    connected: () => setConnected(true),
    lost: () => setConnected(false),
  });

  async function ask(operation: Operation, headers?: Record<string, string>): Promise<Result> {
    const start = performance.now();
    try {
      const result = await post(endpoint, token, operation, headers);
      if (closed) return result;
      listener.onTrouble(asksForSignIn(result) ? { kind: 'signIn' } : null);
      if (operation.operationName !== INTROSPECTION) {
        const milliseconds = performance.now() - start;
        report({ kind: 'answered', milliseconds, cost: result.extensions?.cost });
        listener.onResult(result);
      }
      return result;
    } catch (error) {
      if (error instanceof NoAnswer && !closed) {
        listener.onTrouble({ kind: 'unreachable', message: messageOf(error) });
      }
      return asResult(error);
    }
  }

  function listen(operation: Operation, definition: OperationDefinitionNode, sink: ResultSink) {
    const mine: Live = { kind: 'live', connected: false, events: 0 };
    live = mine;
    report({ ...mine });

    function end() {
      if (live !== mine) return;
      live = null;
      report(null);
    }

    return subscribe(socket, operation, definition, {
      next(result) {
        mine.connected = true;
        mine.events += 1;
        mine.cost = result.extensions?.cost ?? mine.cost;
        if (live === mine) report({ ...mine });
        listener.onResult(result);
        sink.next(result);
      },
      error(errors) {
        end();
        if (!closed && asksForSignIn({ errors })) listener.onTrouble({ kind: 'signIn' });
        sink.error(errors);
      },
      complete() {
        end();
        sink.complete();
      },
    });
  }

  return {
    fetcher(operation, options) {
      const definition = definitionOf(operation);
      const answer =
        definition?.operation === 'subscription'
          ? { subscribe: (sink: ResultSink) => ({ unsubscribe: listen(operation, definition, sink) }) }
          : ask(operation, options?.headers);
      // GraphiQL's types ask for errors as classes, but it shows plain JSON just as well.
      return answer as FetcherReturnType;
    },
    close() {
      closed = true;
      void socket.dispose();
    },
  };
}

/** Undefined if the document cannot be parsed; the server's error message explains why. */
function definitionOf({ query, operationName }: Operation) {
  try {
    return getOperationAST(parse(query), operationName) ?? undefined;
  } catch {
    return undefined;
  }
}
