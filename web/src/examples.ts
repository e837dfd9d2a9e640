import type { Viewer } from './session';

export type Audience = 'anonymous' | 'clinic' | 'administrator';

export interface Example {
  title: string;
  audience: Audience[];
  /** Audiences that see the example in a tab from the start; the others find it in the menu. The first tab has no variables. */
  tab?: Audience[];
  query: string;
  variables?: Record<string, unknown>;
}

/** Replaced by the id of that kind that was last seen in a result. */
export const TICKET_PLACEHOLDER = 'ticket_…';
export const CLINIC_PLACEHOLDER = 'clinic_…';

const PEOPLE: Audience[] = ['clinic', 'administrator'];

export const EXAMPLES: Example[] = [
  {
    title: 'List open tickets',
    audience: PEOPLE,
    tab: PEOPLE,
    query: `# Open tickets with their clinic, people and newest
# messages, in a single request.
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
    title: 'List all clinics',
    audience: ['administrator'],
    tab: ['administrator'],
    query: `# All clinics of the platform. Administrators see
# every clinic; other users see their own.
query ClinicList {
  clinics(first: 25) {
    totalCount
    nodes { id name slug timezone }
  }
}
`,
  },
  {
    title: 'List urgent tickets of a clinic',
    audience: ['administrator'],
    query: `# Urgent tickets of one clinic. The clinic's id is in
# the variables; ClinicList shows all ids.
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
    title: 'Upload a file',
    audience: ['clinic'],
    query: `# Agrees on a file of five bytes, "Hello". Send it with
#   printf Hello | curl -T - http://localhost:4000<url>
# then run completeUpload with the id of the upload.
mutation CreateUpload($input: CreateUploadInput!) {
  createUpload(input: $input) {
    url
    expiresAt
    upload {
      id
      status
    }
  }
}
`,
    variables: {
      input: {
        name: 'hello.txt',
        purpose: 'TICKET_ATTACHMENT',
        mediaType: 'text/plain',
        sizeBytes: 5,
        sha256: '185f8db32271fe25f561a6fc938b2e264306ec304eda518007d1764826381969',
      },
    },
  },
  {
    title: 'Open a ticket',
    audience: ['clinic'],
    tab: ['clinic'],
    query: `# Opens a ticket for your clinic. To see the event
# arrive, run TicketEvents in a second window first.
mutation OpenTicket($input: OpenTicketInput!) {
  openTicket(input: $input) {
    ticket {
      id
      number
      title
      status
      priority
      createdAt
      createdBy { displayName }
    }
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
    query: `# Adds a message to a ticket. The variables contain
# the ticket you saw last; you can enter any other.
# A window that runs TicketEvents shows the event.
mutation ReplyToTicket($input: ReplyToTicketInput!) {
  replyToTicket(input: $input) {
    message {
      id
      body
      isInternal
      createdAt
      author { displayName }
    }
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
    query: `# Changes the status of a ticket. If the new status is
# not allowed, the error is INVALID_TRANSITION. Add
# expectedVersion to the input to get STALE_OBJECT if
# somebody else has changed the ticket since.
mutation ChangeTicketStatus($input: ChangeTicketStatusInput!) {
  changeTicketStatus(input: $input) {
    ticket {
      id
      number
      status
      updatedAt
      version
    }
  }
}
`,
    variables: { input: { ticketId: TICKET_PLACEHOLDER, status: 'IN_PROGRESS' } },
  },
  {
    title: 'Subscribe to ticket events',
    audience: PEOPLE,
    tab: PEOPLE,
    query: `# Changes to tickets as they happen. Start it, then
# open a ticket or reply to one in a second window.
# (Changing tabs stops the subscription.) With demo
# data, simulated users do so every 30 seconds.
# $after and cursor let a lost connection resume
# without missing an event.
subscription TicketEvents($after: String) {
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
    title: 'Show the signed-in user',
    audience: ['anonymous', ...PEOPLE],
    tab: ['anonymous', ...PEOPLE],
    query: `# The signed-in user, their acting clinic, and their
# role in each clinic. Null before you sign in.
query Viewer {
  viewer {
    user { id displayName email isPlatformAdmin }
    actingClinic { id name slug }
    memberships { clinic { id name slug } role }
  }
}
`,
  },
];

/** The examples for a user, and those among them that are in tabs from the start. */
export function examplesFor(viewer: Viewer | undefined): { all: Example[]; tabs: Example[] } {
  const audience = audienceOf(viewer);
  const all = EXAMPLES.filter((example) => example.audience.includes(audience));
  return { all, tabs: all.filter((example) => example.tab?.includes(audience)) };
}

/** The last seen id of each kind. */
export type Ids = Record<string, string>;

/** The first ticket id and the first clinic id in a result. */
export function idsIn(data: unknown): Ids {
  const found = JSON.stringify(data ?? null).matchAll(/"(ticket|clinic)_[0-9a-z]+"/g);
  const ids: Ids = {};
  for (const [id, kind = ''] of found) ids[kind] ??= id.slice(1, -1);
  return ids;
}

/** Variables of an example as text, with placeholders replaced by ids. */
export function variablesWith({ variables }: Example, ids: Ids): string {
  if (!variables) return '';
  const text = JSON.stringify(variables, null, 2);
  return text.replace(/(ticket|clinic)_…/g, (placeholder, kind) => ids[kind] ?? placeholder);
}

function audienceOf(viewer: Viewer | undefined): Audience {
  if (!viewer) return 'anonymous';
  return viewer.user.isPlatformAdmin ? 'administrator' : 'clinic';
}
