// The clients that must work unmodified: each does a query and a mutation, and a subscription where they are served.

import assert from 'node:assert/strict';
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client/core';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { OperationTypeNode } from 'graphql';
import { Client as Urql, cacheExchange, fetchExchange, subscriptionExchange } from '@urql/core';
import { createClient as createSse } from 'graphql-sse';
import { createClient as createSocket } from 'graphql-ws';
import WebSocket from 'ws';
import { toAsyncIterable } from 'wonka';
import { check } from './lib.mjs';
import { MUTATION, QUERY, SUBSCRIPTION, WRONG, input } from './operations.mjs';

/** What an operation comes to with `graphql-ws` and `graphql-sse`: its results, and the error that ended it. */
function all(client, query, variables) {
  return new Promise((done) => {
    const results = [];
    client.subscribe({ query, variables }, {
      next: (result) => results.push(result),
      error: (error) => done({ results, error }),
      complete: () => done({ results }),
    });
  });
}

/** Listens, changes something once, and returns the first thing heard. */
async function heard(events, change) {
  const first = events.next();
  // Whoever listens is known to the server a moment after they said so; a change repeated until it is heard needs no
  // guess of how long that is.
  let over = false;
  const changes = (async () => {
    while (!over) {
      await change();
      await new Promise((done) => setTimeout(done, 200));
    }
  })();
  const { value } = await first;
  over = true;
  await changes;
  await events.return?.();
  return value;
}

export async function clients({ url, socket, token }) {
  const authorization = `Bearer ${token}`;
  const viaHttp = async (title) => {
    const body = JSON.stringify({ query: MUTATION, variables: { input: input(title) } });
    const headers = { 'content-type': 'application/json', authorization };
    const answer = await (await fetch(url, { method: 'POST', headers, body })).json();
    assert.equal(answer.errors, undefined);
    return answer.data.openTicket.ticket;
  };

  const ws = createSocket({ url: socket, webSocketImpl: WebSocket, connectionParams: { token }, retryAttempts: 0 });
  await check('graphql-ws: query', async () => {
    const { results, error } = await all(ws, QUERY, { first: 2 });
    assert.equal(error, undefined);
    assert.equal(results[0].data.tickets.nodes.length, 2);
  });
  await check('graphql-ws: mutation', async () => {
    const { results } = await all(ws, MUTATION, { input: input('by graphql-ws') });
    assert.equal(results[0].data.openTicket.ticket.title, 'by graphql-ws');
  });
  await check('graphql-ws: fifty operations at once', async () => {
    const many = await Promise.all(Array.from({ length: 50 }, (_, at) => all(ws, QUERY, { first: 1 + at % 3 })));
    many.forEach(({ results }, at) => assert.equal(results[0].data.tickets.nodes.length, 1 + at % 3));
  });
  await check('graphql-ws: a refusal is an error with a code', async () => {
    const { error } = await all(ws, WRONG);
    assert.equal(error[0].extensions.code, 'VALIDATION_FAILED');
  });
  await check('graphql-ws: bad credentials end the connection with 4403', async () => {
    const stranger = createSocket({ url: socket, webSocketImpl: WebSocket, connectionParams: { token: 'nothing' }, retryAttempts: 3 });
    const { error } = await all(stranger, QUERY, { first: 1 });
    assert.equal(error.code, 4403);
  });
  await check('graphql-ws: subscription', async () => {
    const event = await heard(ws.iterate({ query: SUBSCRIPTION }), () => viaHttp('for graphql-ws'));
    assert.equal(event.data.ticketEvents.ticket.title, 'for graphql-ws');
  });
  await ws.dispose();

  const sse = createSse({ url, singleConnection: false, headers: { authorization }, retryAttempts: 0 });
  await check('graphql-sse: query', async () => {
    const { results, error } = await all(sse, QUERY, { first: 2 });
    assert.equal(error, undefined);
    assert.equal(results[0].data.tickets.nodes.length, 2);
  });
  await check('graphql-sse: mutation', async () => {
    const { results } = await all(sse, MUTATION, { input: input('by graphql-sse') });
    assert.equal(results[0].data.openTicket.ticket.title, 'by graphql-sse');
  });
  await check('graphql-sse: a refusal is a result with errors', async () => {
    const { results } = await all(sse, WRONG);
    assert.equal(results[0].errors[0].extensions.code, 'VALIDATION_FAILED');
  });
  await check('graphql-sse: bad credentials are plain HTTP', async () => {
    const stranger = createSse({ url, headers: { authorization: 'Bearer nothing' }, retryAttempts: 0 });
    assert.equal((await all(stranger, QUERY, { first: 1 })).error.response.status, 401);
  });
  await check('graphql-sse: subscription', async () => {
    const event = await heard(sse.iterate({ query: SUBSCRIPTION }), () => viaHttp('for graphql-sse'));
    assert.equal(event.data.ticketEvents.ticket.title, 'for graphql-sse');
  });
  sse.dispose();

  const urqlSocket = createSocket({ url: socket, webSocketImpl: WebSocket, connectionParams: { token } });
  const forward = (operation) => ({
    subscribe: (sink) => ({ unsubscribe: urqlSocket.subscribe({ ...operation, query: operation.query ?? '' }, sink) }),
  });
  const urql = new Urql({
    url,
    preferGetMethod: false,
    fetchOptions: { headers: { authorization } },
    exchanges: [cacheExchange, fetchExchange, subscriptionExchange({ forwardSubscription: forward })],
  });
  await check('urql: query', async () => {
    const { data, error } = await urql.query(QUERY, { first: 2 }).toPromise();
    assert.equal(error, undefined);
    assert.equal(data.tickets.nodes.length, 2);
  });
  await check('urql: query by GET', async () => {
    const { data, error } = await urql.query(QUERY, { first: 3 }, { preferGetMethod: 'force' }).toPromise();
    assert.equal(error, undefined);
    assert.equal(data.tickets.nodes.length, 3);
  });
  await check('urql: mutation', async () => {
    const { data } = await urql.mutation(MUTATION, { input: input('by urql') }).toPromise();
    assert.equal(data.openTicket.ticket.title, 'by urql');
  });
  await check('urql: a refusal has its code', async () => {
    const { error } = await urql.query(WRONG, {}).toPromise();
    assert.equal(error.graphQLErrors[0].extensions.code, 'VALIDATION_FAILED');
  });
  await check('urql: subscription', async () => {
    const events = toAsyncIterable(urql.subscription(SUBSCRIPTION, {}))[Symbol.asyncIterator]();
    assert.equal((await heard(events, () => viaHttp('for urql'))).data.ticketEvents.ticket.title, 'for urql');
  });
  await urqlSocket.dispose();

  const apolloSocket = createSocket({ url: socket, webSocketImpl: WebSocket, connectionParams: { token } });
  const apollo = new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      new GraphQLWsLink(apolloSocket),
      new HttpLink({ uri: url, headers: { authorization } }),
    ),
  });
  await check('Apollo Client: query', async () => {
    const { data } = await apollo.query({ query: gql(QUERY), variables: { first: 2 } });
    assert.equal(data.tickets.nodes.length, 2);
  });
  await check('Apollo Client: mutation', async () => {
    const variables = { input: input('by Apollo Client') };
    const { data } = await apollo.mutate({ mutation: gql(MUTATION), variables });
    assert.equal(data.openTicket.ticket.title, 'by Apollo Client');
    // What came back stands in the cache under its id.
    assert.equal(apollo.cache.extract()[`Ticket:${data.openTicket.ticket.id}`].title, 'by Apollo Client');
  });
  await check('Apollo Client: a refusal has its code', async () => {
    const error = await apollo.query({ query: gql(WRONG) }).catch((thrown) => thrown);
    assert.equal(error.errors[0].extensions.code, 'VALIDATION_FAILED');
  });
  await check('Apollo Client: subscription', async () => {
    const event = await new Promise((done, fail) => {
      const listening = apollo.subscribe({ query: gql(SUBSCRIPTION) }).subscribe({ next: done, error: fail });
      const changes = setInterval(() => viaHttp('for Apollo Client').catch(fail), 200);
      listening.add(() => clearInterval(changes));
    });
    assert.equal(event.data.ticketEvents.ticket.title, 'for Apollo Client');
  });
  apollo.stop();
  await apolloSocket.dispose();
}
