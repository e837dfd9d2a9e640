// The tools that read schema.graphql: they accept it, and what they make of it compiles.

import assert from 'node:assert/strict';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { buildSchema, validateSchema } from 'graphql';
import { check, here, run, schema, work } from './lib.mjs';
import { MUTATION, QUERY } from './operations.mjs';

const RELAY = `
import { graphql } from 'relay-runtime';
export const query = graphql\`
  query AppTicketsQuery($count: Int!, $cursor: String) { ...AppTickets @arguments(count: $count, cursor: $cursor) }
\`;
export const list = graphql\`
  fragment AppTickets on Query
  @argumentDefinitions(count: { type: "Int!" }, cursor: { type: "String" })
  @refetchable(queryName: "AppTicketsPaginationQuery") {
    tickets(first: $count, after: $cursor) @connection(key: "App_tickets") {
      edges { node { ...AppTicket } }
    }
  }
\`;
export const ticket = graphql\`
  fragment AppTicket on Ticket @refetchable(queryName: "AppTicketRefetchQuery") { title status }
\`;
export const open = graphql\`
  mutation AppOpenTicketMutation($input: OpenTicketInput!, $connections: [ID!]!) {
    openTicket(input: $input) @prependNode(connections: $connections, edgeTypeName: "TicketEdge") { id title }
  }
\`;
`;

async function folder(name) {
  const made = path.join(work, name);
  await rm(made, { recursive: true, force: true });
  await mkdir(made, { recursive: true });
  return made;
}

export async function tools() {
  const text = await readFile(schema, 'utf8');
  await check('graphql-js: the schema is valid', () => {
    assert.deepEqual(validateSchema(buildSchema(text)), []);
  });
  await check('@graphql-eslint: the rules for schemas and those of Relay', () => {
    const config = path.join(here, 'eslint.config.mjs');
    run('eslint', ['--no-config-lookup', '--config', config, '--max-warnings', '0', '--no-ignore', schema], path.dirname(schema));
  });
  await check("Relay's compiler: a page, a refetched node, a mutation that adds to a list", async () => {
    const made = await folder('relay');
    await mkdir(path.join(made, 'src/__generated__'), { recursive: true });
    await writeFile(path.join(made, 'schema.graphql'), text);
    await writeFile(path.join(made, 'src/App.js'), RELAY);
    await writeFile(path.join(made, 'relay.config.json'), JSON.stringify({
      src: './src', schema: './schema.graphql', language: 'javascript', artifactDirectory: './src/__generated__',
    }));
    run('relay-compiler', ['relay.config.json'], made);
    await readFile(path.join(made, 'src/__generated__/AppTicketsPaginationQuery.graphql.js'));
  });
  await check("graphql-codegen: the client preset", async () => {
    const made = await folder('codegen');
    await mkdir(path.join(made, 'src'), { recursive: true });
    await writeFile(path.join(made, 'src/app.ts'), `import { graphql } from './gql';\ngraphql(\`${QUERY}\`);\ngraphql(\`${MUTATION}\`);\n`);
    await writeFile(path.join(made, 'codegen.json'), JSON.stringify({
      schema, documents: 'src/**/*.ts', ignoreNoDocuments: false,
      generates: { 'src/gql/': { preset: 'client', config: { enumsAsTypes: true } } },
    }));
    run('graphql-codegen', ['--config', 'codegen.json'], made);
    const types = await readFile(path.join(made, 'src/gql/graphql.ts'), 'utf8');
    assert.match(types, /TicketsDocument/);
  });
}
