import type { GraphQLFormattedError } from 'graphql';

export interface Operation {
  query: string;
  variables?: Record<string, unknown>;
  operationName?: string | null;
}

export interface Result<Data = Record<string, unknown>> {
  data?: Data | null;
  errors?: readonly GraphQLFormattedError[];
  extensions?: { cost?: Cost };
}

/** What an operation cost, as the server counts it. `sqlCount` comes in development only. */
export interface Cost {
  cost: number;
  limit: number;
  sqlCount?: number;
}

/** The server gave no GraphQL answer at all. */
export class NoAnswer extends Error {}

export async function post<Data = Record<string, unknown>>(
  endpoint: string,
  token: string | null,
  operation: Operation,
  extraHeaders: Record<string, string> = {},
): Promise<Result<Data>> {
  const headers = new Headers(extraHeaders);
  headers.set('Accept', 'application/graphql-response+json, application/json');
  headers.set('Content-Type', 'application/json');
  if (token && !headers.has('Authorization')) headers.set('Authorization', `Bearer ${token}`);

  let response: Response;
  try {
    response = await fetch(endpoint, {
      method: 'POST',
      headers,
      body: JSON.stringify(operation),
      cache: 'no-store',
      // The token is the only credential of this page; a cookie of the dashboard must not mix in.
      credentials: 'omit',
    });
  } catch {
    throw new NoAnswer('The server cannot be reached. Check that it runs, then try again.');
  }
  try {
    return await response.json();
  } catch {
    throw new NoAnswer(
      `The server answered ${response.status} without a GraphQL result. It may be starting or stopping; try again in a moment.`,
    );
  }
}
