// The comparison with the released schema, and its proof on small pairs of schemas.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { breakingChanges, release, unclearDeprecations } from './evolution.mjs';
import { check, released, schema } from './lib.mjs';

const TODAY = '2027-07-01';
const BEFORE = `
type Query {
  ticket(id: ID!, size: Int = 10): Ticket
  tickets: [Ticket!]!
  old: Old @deprecated(reason: "Use tickets. Removed after 2027-06-01.")
  note: String
}
type Ticket { id: ID! title: String! state: State! }
type Old { ticket: Ticket deep: Deep }
type Deep { name: String }
enum State { OPEN CLOSED }
enum Code { NOT_FOUND TIMEOUT }
input TicketInput { title: String! state: State = OPEN }
type Mutation { open(input: TicketInput!): Ticket }
`;
const LISTED = `# Deprecated since an earlier release: Query.old\n${BEFORE}`;
const REMOVED = [
  ['  old: Old @deprecated(reason: "Use tickets. Removed after 2027-06-01.")\n', ''],
  ['type Old { ticket: Ticket deep: Deep }\n', ''],
  ['type Deep { name: String }\n', ''],
];

const edit = (edits, text = BEFORE) => edits.reduce((edited, [from, to]) => {
  assert.ok(edited.includes(from), from);
  return edited.replace(from, to);
}, text);

/** Edits of the schema that break clients, with a part of the message. */
const REFUSED = {
  'a removed field': [[['title: String! state', 'state']], /Ticket\.title was removed/],
  'a removed type': [[['  old: Old @deprecated(reason: "Use tickets. Removed after 2027-06-01.")\n', ''],
    ['type Old { ticket: Ticket deep: Deep }\n', '']], /Old was removed/],
  'a changed type': [[['title: String!', 'title: Int!']], /Ticket\.title changed type/],
  'a result that becomes nullable': [[['title: String! state: State! }', 'title: String state: State! }']], /Ticket\.title changed type/],
  'a removed enum value': [[['OPEN CLOSED', 'OPEN']], /CLOSED was removed from enum type State/],
  'a removed value of an enum that no field returns': [[['NOT_FOUND TIMEOUT', 'NOT_FOUND']], /TIMEOUT was removed/],
  'a new required argument': [[['note: String', 'note(of: ID!): String']], /required arg of on Query\.note/],
  'a new required input field': [[['title: String! state: State =', 'body: String! title: String! state: State =']], /required field body/],
  'an argument that becomes required': [[['size: Int = 10', 'size: Int!']], /size has changed type/],
  'a changed default of an argument': [[['size: Int = 10', 'size: Int = 20']], /size has changed defaultValue/],
  'a changed default of an input field': [[['State = OPEN', 'State = CLOSED']], /TicketInput\.state has changed its default/],
};
const ACCEPTED = {
  'no change': [],
  'a new field and type': [['note: String', 'note: String clinic: Clinic'], ['type Old', 'type Clinic { id: ID! }\ntype Old']],
  'a new enum value': [['OPEN CLOSED', 'OPEN WAITING CLOSED']],
  'a deprecation': [['note: String', 'note: String @deprecated(reason: "Use tickets. Removed after 2028-02-01.")']],
  'a new optional argument': [['note: String', 'note(of: ID, size: Int! = 3): String']],
  'a new optional input field': [['title: String! state: State =', 'body: String title: String! state: State =']],
  'a result that becomes non-null': [['note: String', 'note: String!']],
  'an argument that becomes optional': [['id: ID!, size', 'id: ID, size']],
  'another description and order': [['enum State { OPEN CLOSED }', '"Status of a ticket."\nenum State { CLOSED OPEN }']],
};

function everyPair() {
  for (const [name, [edits, message]] of Object.entries(REFUSED)) {
    assert.match(breakingChanges(BEFORE, edit(edits), TODAY).join('\n'), message, name);
  }
  for (const [name, edits] of Object.entries(ACCEPTED)) {
    assert.deepEqual(breakingChanges(BEFORE, edit(edits), TODAY), [], name);
  }
  return `${Object.keys(REFUSED).length} refused, ${Object.keys(ACCEPTED).length} accepted`;
}

function everyRemoval() {
  const without = edit(REMOVED);
  assert.deepEqual(breakingChanges(LISTED, without, TODAY), [], 'a deprecated field and the types that only it leads to');
  assert.deepEqual(breakingChanges(LISTED, without, '2027-06-02'), [], 'on the day after its date');
  assert.match(breakingChanges(LISTED, without, '2027-06-01').join('\n'), /Query\.old was removed/, 'not before');
  assert.match(breakingChanges(BEFORE, without, TODAY).join('\n'), /Query\.old was removed/, 'not after one release');
  const unnamed = LISTED.replace('Use tickets. Removed after 2027-06-01.', 'Old.');
  assert.match(breakingChanges(unnamed, without, TODAY).join('\n'), /Query\.old was removed/, 'not without a date');
  const changed = edit([['old: Old', 'old: String']]);
  assert.match(breakingChanges(LISTED, changed, TODAY).join('\n'), /Query\.old changed type/, 'nothing changes its type');
  const also = edit([['title: String! state', 'state']], without);
  assert.match(breakingChanges(LISTED, also, TODAY).join('\n'), /^Ticket\.title was removed\.$/, 'no other field is removed with it');
}

function everyRelease() {
  const first = release(null, edit([['2027-06-01', '2028-01-01']]), TODAY);
  assert.match(first, /^# Released on 2027-07-01\..*\n# Deprecated since an earlier release:\n/);
  const second = release(first, edit([['2027-06-01', '2028-01-01']]), '2027-09-01');
  assert.match(second, /^# Deprecated since an earlier release: Query\.old$/m);
  assert.doesNotThrow(() => release(second, edit(REMOVED), '2028-01-02'));
  assert.throws(() => release(first, edit(REMOVED), '2028-01-02'), /Query\.old was removed/);
  assert.throws(() => release(null, BEFORE, TODAY), /Query\.old: its removal after 2027-06-01 is less than 6 months away/);
  const vague = edit([['Use tickets. Removed after 2027-06-01.', 'It is old.']]);
  assert.throws(() => release(null, vague, TODAY), /Query\.old: "It is old\." is not of the form/);
  assert.throws(() => release(first, edit([['note: String', 'note: Int']]), TODAY), /Query\.note changed type/);
}

export async function evolution() {
  await check('evolution: what breaks clients is refused, what does not is accepted', everyPair);
  await check('evolution: a deprecated field can be removed after its date and two releases', everyRemoval);
  await check('evolution: a release gives six months of notice and names successors', everyRelease);
  const current = await readFile(schema, 'utf8');
  await check('evolution: deprecations name a successor and a date', () => {
    assert.deepEqual(unclearDeprecations(current), []);
  });
  await check('evolution: schema.graphql breaks no client of schema.released.graphql', async () => {
    if (!existsSync(released)) return 'nothing is released yet';
    const today = new Date().toISOString().slice(0, 10);
    assert.deepEqual(breakingChanges(await readFile(released, 'utf8'), current, today), []);
  });
}
