// A plain graphql-ws server with publishing in memory: what the figures are beside. It stores nothing, authenticates
// nobody, and reads nothing again at delivery.

import { createServer } from 'node:http';

import { buildSchema, graphql } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';

const schema = buildSchema(`
  type Ticket { id: ID! number: Int! title: String! status: String! priority: String! }
  type TicketEvent { eventId: String! cursor: String! occurredAt: String! kind: String! changed: [String!]! ticket: Ticket }
  input OpenTicketInput { title: String! description: String! }
  type Query { hello: String }
  type Mutation { openTicket(input: OpenTicketInput!): Ticket! }
  type Subscription { ticketEvents: TicketEvent! }
`);

/** Subscriptions: each waits for one event at a time, and has a queue for events that come faster. */
const listeners = new Set();

class Listener {
  queue = [];
  wake = null;

  constructor() {
    listeners.add(this);
  }

  push(event) {
    this.queue.push(event);
    this.wake?.();
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  async next() {
    while (this.queue.length === 0) {
      await new Promise((resolve) => {
        this.wake = resolve;
      });
    }
    return { done: false, value: this.queue.shift() };
  }

  async return() {
    listeners.delete(this);
    return { done: true, value: undefined };
  }
}

/** The time to the microsecond. */
function now() {
  const ms = performance.timeOrigin + performance.now();
  const whole = Math.floor(ms);
  const rest = String(Math.floor((ms - whole) * 1000)).padStart(3, '0');
  return new Date(whole).toISOString().replace('Z', `${rest}Z`);
}

let number = 0;
const rootValue = {
  hello: 'world',
  openTicket({ input }) {
    number += 1;
    const ticket = {
      id: `ticket_${String(number).padStart(26, '0')}`,
      number,
      title: input.title,
      status: 'OPEN',
      priority: 'MEDIUM',
    };
    const id = String(number).padStart(26, '0');
    const event = { eventId: `event_${id}`, cursor: id.slice(4), occurredAt: now(), kind: 'OPENED', changed: [], ticket };
    for (const listener of listeners) listener.push({ ticketEvents: event });
    return ticket;
  },
};

const http = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  const { query, variables } = JSON.parse(body || '{"query":"{ hello }"}');
  const result = await graphql({ schema, source: query, rootValue, variableValues: variables });
  const text = JSON.stringify(result);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text);
});
const sockets = new WebSocketServer({ server: http, path: '/graphql' });
useServer({ schema, roots: { query: rootValue, mutation: rootValue, subscription: { ticketEvents: () => new Listener() } } }, sockets);
http.listen(Number(process.env.PORT), '127.0.0.1');
