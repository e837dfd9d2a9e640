// The rules that schema.graphql keeps: all that there are for schemas, and Relay's. Each that is off or narrowed says
// why.

import graphql from '@graphql-eslint/eslint-plugin';

export default [
  {
    files: ['**/*.graphql'],
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema: './schema.graphql' } } },
    plugins: { '@graphql-eslint': graphql },
    rules: {
      ...graphql.configs['flat/schema-all'].rules,
      ...graphql.configs['flat/schema-relay'].rules,
      // The server writes the file sorted, and a test proves it fresh; its order puts no group of fields first.
      '@graphql-eslint/alphabetize': 'off',
      // The rule means read-only APIs.
      '@graphql-eslint/no-root-type': 'off',
      // ErrorCode stands in `extensions` of errors, which no field returns; it is published for generated clients.
      '@graphql-eslint/no-unreachable-types': 'off',
      // Nothing is left of a session that ended which `signOut` could return.
      '@graphql-eslint/no-scalar-result-type-on-mutation': 'off',
      // Connections have `nodes` beside `edges`, and short bounded lists are plain.
      '@graphql-eslint/relay-edge-types': ['error', { listTypeCanWrapOnlyEdgeType: false }],
      // A mutation returns the changed object itself.
      '@graphql-eslint/require-field-of-type-query-in-mutation-result': 'off',
      // What always exists is not null: a mutation that fails has no data.
      '@graphql-eslint/require-nullable-result-in-root': 'off',
      // What has no identity of its own has no id, and an event's is the number by which a stream goes on.
      '@graphql-eslint/strict-id-in-types': ['error', {
        exceptions: { suffixes: ['Connection', 'Edge', 'Event', 'Payload'], types: [
            'AuditChange', 'ClinicBooking', 'ClinicCare', 'ClinicLanguage', 'ClinicPrivacy', 'Greeting', 'Money', 'PageInfo',
            'Qualification', 'Viewer', 'ViewerMembership',
          ] },
      }],
    },
  },
];
