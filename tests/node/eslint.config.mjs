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
      // Connections have `nodes` beside `edges`, and short bounded lists are plain.
      '@graphql-eslint/relay-edge-types': ['error', { listTypeCanWrapOnlyEdgeType: false }],
      // A payload has the objects that the mutation changed; a client that needs more sends a query.
      '@graphql-eslint/require-field-of-type-query-in-mutation-result': 'off',
      // The date stands in the reason, since @deprecated has no argument for it; evolution.mjs checks it.
      '@graphql-eslint/require-deprecation-date': 'off',
      // The interface Event calls its id eventId, so that clients do not take it for the id of a Node.
      '@graphql-eslint/no-typename-prefix': 'off',
      // What has no identity of its own has no id, and an event's is the number by which a stream goes on.
      '@graphql-eslint/strict-id-in-types': ['error', {
        exceptions: { suffixes: ['Connection', 'Count', 'Counts', 'Edge', 'Event', 'Info', 'Limits', 'Payload', 'Settings'], types: [
            'AuditChange', 'ClinicBooking', 'ClinicCare', 'ClinicLanguage', 'ClinicPrivacy', 'Greeting', 'IntegrationSecret', 'Money',
            'NotificationChoice', 'NotificationPlaceholder', 'NotificationPreferences', 'NotificationPreview', 'NotificationText',
            'OperationRate', 'PageInfo', 'Qualification', 'SealedSecret', 'Server', 'TicketDurations', 'TicketTimes', 'Viewer',
            'ViewerMembership', 'WebhookAttempt',
          ] },
      }],
    },
  },
];
