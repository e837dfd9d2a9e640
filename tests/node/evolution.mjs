// Compares the schema with the released one by graphql-js' rules for breaking changes; docs/EVOLUTION.md has the promises.

import {
  DangerousChangeType, buildSchema, findBreakingChanges, findDangerousChanges, getNamedType, isInputObjectType, isObjectType,
  isInterfaceType, isUnionType, parse, print, printSchema, visit,
} from 'graphql';

const REASON = /^Use .+\. Removed after (\d{4}-\d{2}-\d{2})\.$/s;
/** The line of a released schema that lists what an earlier release has deprecated already. */
const LISTED = /^# Deprecated since an earlier release:(.*)$/m;
const NOTICE_MONTHS = 6;

/** What breaks clients of the released schema, one message for each change. `today` is a date such as 2027-06-01. */
export function breakingChanges(released, current, today) {
  const after = buildSchema(current);
  const before = withoutDue(released, after, today);
  // Of what graphql-js calls dangerous, only a default is a promise: enums, unions and optional arguments may grow.
  const dangerous = findDangerousChanges(before, after).filter(({ type }) => type === DangerousChangeType.ARG_DEFAULT_VALUE_CHANGE);
  return [...findBreakingChanges(before, after), ...dangerous].map(({ description }) => description)
    .concat(changedDefaults(before, after));
}

/** Deprecations that do not name a successor and a date. */
export function unclearDeprecations(sdl) {
  return deprecations(sdl).filter(({ until }) => until === undefined)
    .map(({ name, reason }) => `${name}: "${reason}" is not of the form "Use x. Removed after 2027-06-01."`);
}

/** The text to commit as released on a day, or an error that lists what stands against it. */
export function release(released, current, today) {
  const known = new Set(released ? deprecations(released).map(({ name }) => name) : []);
  const all = deprecations(current);
  const earliest = plusMonths(today, NOTICE_MONTHS);
  const problems = [
    ...(released ? breakingChanges(released, current, today) : []),
    ...unclearDeprecations(current),
    ...all.filter(({ name, until }) => !known.has(name) && until < earliest)
      .map(({ name, until }) => `${name}: its removal after ${until} is less than ${NOTICE_MONTHS} months away; name ${earliest} or later`),
  ];
  if (problems.length > 0) throw new Error(problems.join('\n'));
  const listed = all.filter(({ name }) => known.has(name)).map(({ name }) => ` ${name}`).join('');
  return `# Released on ${today}. Written by \`make release-schema\`.\n# Deprecated since an earlier release:${listed}\n\n${current}`;
}

/** All that is deprecated, by its coordinate: `Type.field`, `Type.field(argument:)`, `Enum.VALUE`. */
function deprecations(sdl) {
  const found = [];
  visitMembers(parse(sdl), (node, name) => {
    const directive = node.directives?.find((one) => one.name.value === 'deprecated');
    if (!directive) return;
    const reason = directive.arguments?.find((one) => one.name.value === 'reason')?.value.value ?? '';
    found.push({ name, reason, until: REASON.exec(reason)?.[1] });
  });
  return found;
}

/** The released schema without members that were removed since and were due: date passed, and deprecated in two releases. */
function withoutDue(released, after, today) {
  const listed = new Set(LISTED.exec(released)?.[1].trim().split(' '));
  const due = new Set(deprecations(released)
    .filter(({ name, until }) => listed.has(name) && until < today)
    .map(({ name }) => name));
  const present = new Set();
  visitMembers(parse(printSchema(after)), (_, name) => { present.add(name); });
  const document = visitMembers(parse(released), (_, name) => (due.has(name) && !present.has(name) ? null : undefined));

  // A type that only such fields led to goes with them.
  const whole = reachable(buildSchema(released));
  const left = reachable(buildSchema(print(document), { assumeValid: true, assumeValidSDL: true }));
  const definitions = document.definitions.filter(({ name }) => !name || !whole.has(name.value) || left.has(name.value));
  return buildSchema(print({ ...document, definitions }), { assumeValid: true, assumeValidSDL: true });
}

/** Visits fields, arguments, input fields and enum values with their coordinates; null for one removes it. */
function visitMembers(document, member) {
  let type = '';
  let field = '';
  const enterType = { enter: (node) => { type = node.name.value; field = ''; } };
  return visit(document, {
    ObjectTypeDefinition: enterType,
    InterfaceTypeDefinition: enterType,
    InputObjectTypeDefinition: enterType,
    EnumTypeDefinition: enterType,
    DirectiveDefinition: () => false,
    FieldDefinition: {
      enter: (node) => {
        field = node.name.value;
        return member(node, `${type}.${field}`);
      },
      leave: () => { field = ''; },
    },
    InputValueDefinition: (node) => member(node, field ? `${type}.${field}(${node.name.value}:)` : `${type}.${node.name.value}`),
    EnumValueDefinition: (node) => member(node, `${type}.${node.name.value}`),
  });
}

/** The names of all types that the roots lead to. */
function reachable(schema) {
  const names = new Set();
  const add = (type) => {
    if (!type || names.has(type.name)) return;
    names.add(type.name);
    if (isObjectType(type) || isInterfaceType(type) || isInputObjectType(type)) {
      for (const { type: of, args = [] } of Object.values(type.getFields())) [{ type: of }, ...args].forEach((one) => add(getNamedType(one.type)));
    }
    if (isInterfaceType(type) || isUnionType(type)) schema.getPossibleTypes(type).forEach(add);
    if (isObjectType(type) || isInterfaceType(type)) type.getInterfaces().forEach(add);
  };
  [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].forEach(add);
  return names;
}

/** Defaults of input fields that changed, which graphql-js compares for arguments only. */
function changedDefaults(before, after) {
  return Object.values(before.getTypeMap()).filter(isInputObjectType).flatMap((type) => {
    const now = after.getType(type.name);
    if (!isInputObjectType(now)) return [];
    return Object.values(type.getFields())
      .filter(({ name, defaultValue }) => {
        const field = now.getFields()[name];
        return defaultValue !== undefined && field && JSON.stringify(field.defaultValue) !== JSON.stringify(defaultValue);
      })
      .map(({ name }) => `${type.name}.${name} has changed its default value.`);
  });
}

function plusMonths(date, months) {
  const moved = new Date(`${date}T00:00:00Z`);
  moved.setUTCMonth(moved.getUTCMonth() + months);
  return moved.toISOString().slice(0, 10);
}
