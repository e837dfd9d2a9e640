// What the clients ask: the same for all of them, unmodified documents as people write them.

export const QUERY = /* GraphQL */ `
  query Tickets($first: Int!) {
    viewer { user { id email } }
    tickets(first: $first) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes { id title status messages(first: 2) { nodes { id body } } }
    }
  }
`;

export const MUTATION = /* GraphQL */ `
  mutation Open($input: OpenTicketInput!) {
    openTicket(input: $input) { ticket { id title status version } }
  }
`;

/** Comes to an event when MUTATION is run. */
export const SUBSCRIPTION = /* GraphQL */ `
  subscription Changes { ticketEvents { cursor kind ticket { id title status version } } }
`;

export const WRONG = 'query Wrong { nope }';

export const input = (title) => ({ title, description: 'The receipts come out blank.' });
