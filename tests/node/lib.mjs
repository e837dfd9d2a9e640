// What the checks share: a server of their own, and one line for each check.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const here = path.dirname(fileURLToPath(import.meta.url));
export const root = path.resolve(here, '../..');
export const schema = path.join(root, 'schema.graphql');
/** The schema of the last release; not there before the first. */
export const released = path.join(root, 'schema.released.graphql');
/** Generated files go here; it is not committed. */
export const work = path.join(here, '.work');

/** A manager of the demonstration's first clinic; the password is public by intention. */
const SOMEBODY = { email: 'mei@harbour.example', password: 'clinigraph demo' };

let passed = 0;
let failed = 0;

/** Runs a check and prints a line about it. What it returns is told in the line. */
export async function check(name, work) {
  const limit = AbortSignal.timeout(120_000);
  try {
    const late = new Promise((_, reject) => limit.addEventListener('abort', () => reject(new Error('took too long'))));
    const told = await Promise.race([work(), late]);
    passed += 1;
    console.log(`ok      ${name}${told ? ` (${told})` : ''}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}\n        ${String(error?.stack ?? error).replaceAll('\n', '\n        ')}`);
  }
}


/** The number of checks that failed. */
export function summary() {
  console.log(`${passed} passed, ${failed} failed`);
  return failed;
}

/** Starts the server with demo data on a port and in a directory of its own. */
export async function serve(binary) {
  const data = await mkdtemp(path.join(tmpdir(), 'clinigraph-clients-'));
  const args = ['serve', '--demo', '--address', '127.0.0.1:0', '--data', data];
  // Neither a database nor settings of the person who runs this.
  const own = ([name]) => name !== 'DATABASE_URL' && !(name.startsWith('CLINIGRAPH_') && name !== 'CLINIGRAPH_POSTGRES');
  const env = Object.fromEntries(Object.entries(process.env).filter(own));
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  let log = '';
  child.stderr.on('data', (text) => { log += text; });
  const ended = new Promise((done) => { child.once('exit', done); child.once('error', done); });
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null && child.pid) child.kill('SIGTERM');
    await ended;
    await rm(data, { recursive: true, force: true });
  };
  const address = new Promise((done, fail) => {
    let output = '';
    child.stdout.on('data', (text) => {
      output += text;
      const found = /is running on (http:\/\/\S+)/.exec(output);
      if (found) done(found[1]);
    });
    ended.then(() => fail(new Error(`the server ended:\n${output}${log}`)));
    setTimeout(() => fail(new Error(`the server does not start:\n${output}${log}`)), 180_000).unref();
  });
  try {
    const url = `${await address}/graphql`;
    return { url, socket: url.replace('http', 'ws'), token: await signIn(url), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function signIn(url) {
  const query = 'mutation ($input: SignInInput!) { signIn(input: $input) { token } }';
  const body = JSON.stringify({ query, variables: { input: SOMEBODY } });
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const answer = await response.json();
  assert.equal(typeof answer.data?.signIn?.token, 'string', JSON.stringify(answer));
  return answer.data.signIn.token;
}

/** Runs one of the installed programs to its end. */
export function run(program, args, directory) {
  const script = path.join(here, 'node_modules/.bin', program);
  const done = spawnSync(script, args, { cwd: directory, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } });
  assert.equal(done.status, 0, `${program}: ${done.error ?? ''}\n${done.stdout}\n${done.stderr}`);
  return done.stdout;
}
