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

/** Cost of an operation as calculated by the server. `sqlCount` is present in development only. */
export interface Cost {
  cost: number;
  limit: number;
  sqlCount?: number;
}

/** The server returned no GraphQL response. */
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
      // The token is the only credential of this page; a dashboard's cookie must not be sent with it.
      credentials: 'omit',
    });
  } catch {
    throw new NoAnswer('The server cannot be reached. Check that it is running, then try again.');
  }
  try {
    return await response.json();
  } catch {
    throw new NoAnswer(
      `The server responded with status ${response.status} and no GraphQL result. It may be starting or stopping; try again in a moment.`,
    );
  }
}
