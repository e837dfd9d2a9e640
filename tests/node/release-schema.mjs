// Writes schema.released.graphql: from now on `make test` refuses what breaks the clients of this schema.

import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { release } from './evolution.mjs';
import { released, schema } from './lib.mjs';

const before = existsSync(released) ? await readFile(released, 'utf8') : null;
try {
  await writeFile(released, release(before, await readFile(schema, 'utf8'), new Date().toISOString().slice(0, 10)));
} catch (problem) {
  console.error(`schema.graphql cannot be released:\n${problem.message}`);
  process.exit(1);
}
