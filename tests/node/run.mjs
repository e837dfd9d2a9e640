// Starts a server with demo data, lets real clients and tools at it, and stops it. One line for each check.
//
//   node run.mjs [--server <binary>]

import path from 'node:path';
import { parseArgs } from 'node:util';
import { auditServer } from 'graphql-http';
import { clients } from './clients.mjs';
import { evolution } from './evolution.checks.mjs';
import { check, root, serve, summary } from './lib.mjs';
import { tools } from './tools.mjs';

const AUDITS = 61;

const { values } = parseArgs({
  options: {
    server: { type: 'string', default: path.join(root, 'target/debug/clinigraph') },
  },
});

const server = await serve(path.resolve(values.server));
try {
  await check('graphql-http: the audits of GraphQL over HTTP', async () => {
    const results = await auditServer({ url: server.url });
    const bad = results.filter(({ status }) => status !== 'ok').map(({ id, name, reason }) => `${id} ${name}: ${reason}`);
    if (bad.length > 0 || results.length !== AUDITS) {
      throw new Error(`${results.length - bad.length} of ${AUDITS}\n${bad.join('\n')}`);
    }
    return `${results.length} of ${AUDITS}`;
  });
  await clients(server, values);
} finally {
  await server.stop();
}
await tools();
await evolution();
process.exit(summary() === 0 ? 0 : 1);
