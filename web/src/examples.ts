import type { Viewer } from './session';

export type Audience = 'stranger' | 'clinic' | 'administrator';

export interface Example {
  title: string;
  audience: Audience[];
  /** Open from the start for these, in this order; the others wait in the menu. The first has no variables. */
  tab?: Audience[];
  query: string;
  variables?: Record<string, unknown>;
}

/** Stand for the id of that kind that was seen last in an answer. */
export const TICKET_PLACEHOLDER = 'ticket_…';
export const CLINIC_PLACEHOLDER = 'clinic_…';

const PEOPLE: Audience[] = ['clinic', 'administrator'];

export const EXAMPLES: Example[] = [
  {
    title: 'A page of tickets',
    audience: PEOPLE,
    tab: PEOPLE,
    query: `# A page of tickets with their clinic, people and
# newest messages: one request, few SQL statements.
# For the next page, pass endCursor as "after".
query TicketPage {
  tickets(
    first: 10
    filter: { status: OPEN }
    order: { field: UPDATED_AT, direction: DESC }
  ) {
    totalCount
    pageInfo { hasNextPage endCursor }
    nodes {
      id
      number
      title
      status
      priority
      updatedAt
      version
      clinic { id name timezone }
      createdBy { id displayName }
      assignee { id displayName }
      messages(first: 3) {
        nodes {
          id
          body
          isInternal
          createdAt
          author { displayName }
        }
      }
    }
  }
}
`,
  },
  {
    title: 'Clinics',
    audience: ['administrator'],
    tab: ['administrator'],
    query: `# Every clinic. A platform administrator reads
# across all of them.
query ClinicList {
  clinics(first: 25) {
    totalCount
    nodes { id name slug timezone }
  }
}
`,
  },
  {
    title: 'Tickets of one clinic',
    audience: ['administrator'],
    query: `# The urgent tickets of one clinic: put an id
# from ClinicList into the variables.
query TicketsOfClinic($clinicId: ID!) {
  tickets(first: 10, filter: { clinicId: $clinicId, priority: URGENT }) {
    totalCount
    nodes { id number title status createdAt clinic { name } }
  }
}
`,
    variables: { clinicId: CLINIC_PLACEHOLDER },
  },
  {
    title: 'Now do this there: open a ticket',
    audience: ['clinic'],
    tab: ['clinic'],
    query: `# Opens a ticket in the clinic you act for. Run it in
# a second window: the one with SubscribeHere running
# sees it at once.
mutation NowDoThisThere($input: OpenTicketInput!) {
  openTicket(input: $input) {
    id
    number
    title
    status
    priority
    createdAt
    createdBy { displayName }
  }
}
`,
    variables: {
      input: {
        title: 'The printer at the front desk is offline',
        description: 'It stopped this morning. Restarting it did not help.',
        priority: 'HIGH',
      },
    },
  },
  {
    title: 'Reply to a ticket',
    audience: PEOPLE,
    tab: ['administrator'],
    query: `# Adds a message to a ticket. The variables name
# the ticket you saw last; any other does as well.
# A window that runs SubscribeHere shows it at once.
mutation ReplyToTicket($input: ReplyToTicketInput!) {
  replyToTicket(input: $input) {
    id
    body
    isInternal
    createdAt
    author { displayName }
  }
}
`,
    variables: {
      input: {
        ticketId: TICKET_PLACEHOLDER,
        body: 'Thank you, we are looking into it.',
        isInternal: false,
      },
    },
  },
  {
    title: 'Change the status of a ticket',
    audience: PEOPLE,
    query: `# Moves a ticket along. A step that is not allowed
# answers INVALID_TRANSITION. With expectedVersion in
# the input you learn when somebody else was faster
# (STALE_OBJECT).
mutation ChangeTicketStatus($input: ChangeTicketStatusInput!) {
  changeTicketStatus(input: $input) {
    id
    number
    status
    updatedAt
    version
  }
}
`,
    variables: { input: { ticketId: TICKET_PLACEHOLDER, status: 'IN_PROGRESS' } },
  },
  {
    title: 'Subscribe here: changes to tickets',
    audience: PEOPLE,
    tab: PEOPLE,
    query: `# Live: changes to tickets, the moment they happen.
# Start it here, then run NowDoThisThere, or reply to a
# ticket, in a second window. (Changing tabs stops it.)
# In a demo a ticket is opened or answered every half
# minute, so you can just wait.
# Pass the last cursor as $after to resume after a lost
# connection without missing an event.
subscription SubscribeHere($after: String) {
  ticketEvents(after: $after) {
    cursor
    occurredAt
    kind
    changed
    ticket { id number title status }
  }
}
`,
  },
  {
    title: 'Who am I?',
    audience: ['stranger', ...PEOPLE],
    tab: ['stranger', ...PEOPLE],
    query: `# Who is signed in, for which clinic they act, and
# in which roles. Nobody yet? Sign in at the top.
query WhoAmI {
  viewer {
    user { id displayName email isPlatformAdmin }
    actingClinic { id name slug }
    memberships { clinic { id name slug } role }
  }
}
`,
  },
];

/** The examples for somebody, and those of them that are open from the start. */
export function examplesFor(viewer: Viewer | undefined): { all: Example[]; tabs: Example[] } {
  const audience = audienceOf(viewer);
  const all = EXAMPLES.filter((example) => example.audience.includes(audience));
  return { all, tabs: all.filter((example) => example.tab?.includes(audience)) };
}

/** The ids seen last, by kind. */
export type Ids = Record<string, string>;

/** The ids of tickets and clinics in an answer: of each kind the first. */
export function idsIn(data: unknown): Ids {
  const found = JSON.stringify(data ?? null).matchAll(/"(ticket|clinic)_[0-9a-z]+"/g);
  const ids: Ids = {};
  for (const [id, kind = ''] of found) ids[kind] ??= id.slice(1, -1);
  return ids;
}

/** An example's variables as text, with ids in place of what stands for them. */
export function variablesWith({ variables }: Example, ids: Ids): string {
  if (!variables) return '';
  const text = JSON.stringify(variables, null, 2);
  return text.replace(/(ticket|clinic)_…/g, (placeholder, kind) => ids[kind] ?? placeholder);
}

function audienceOf(viewer: Viewer | undefined): Audience {
  if (!viewer) return 'stranger';
  return viewer.user.isPlatformAdmin ? 'administrator' : 'clinic';
}
