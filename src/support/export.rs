//! Exports of tickets and of their messages.

use async_graphql::{Context, Object, SimpleObject};
use chrono::{DateTime, Utc};

use super::{Ticket, TicketFilter, TicketMessage, TicketPriority, TicketStatus};
use crate::{
    access::User,
    clinic::Clinic,
    export,
    export::{ExportFormat, ExportJob, Options, request},
    input,
    kernel::{
        Error, Id, Permission, RequestOf, Result,
        entity::{Entity, Listable, One, within},
        write::Input,
    },
    text_enum,
};

export! {
    /// Tickets, one in each row.
    TicketExport of Ticket as Tickets, needs TicketsRead, time "created_at", order "created_at" Timestamptz;
    parameters filter: TicketFilter = Ticket::conditions(filter);
    columns {
        id: Id<Ticket>,
        number: i32,
        clinic_id: Id<Clinic>,
        clinic_name: Option<String> = "(select c.name from clinics c where c.id = clinic_id)",
        title: String,
        description: String,
        priority: TicketPriority,
        status: TicketStatus,
        created_by_id: Id<User> = "created_by_user_id",
        created_by_display_name: Option<String> = "(select concat_ws(' ', u.first_name, u.last_name) from users u where u.id = created_by_user_id)",
        assignee_id: Option<Id<User>>,
        assignee_display_name: Option<String> = "(select concat_ws(' ', u.first_name, u.last_name) from users u where u.id = assignee_id)",
        first_response_due_at: Option<DateTime<Utc>>,
        resolution_due_at: Option<DateTime<Utc>>,
        first_response_missed_at: Option<DateTime<Utc>>,
        resolution_missed_at: Option<DateTime<Utc>>,
        first_responded_at: Option<DateTime<Utc>>,
        resolved_at: Option<DateTime<Utc>>,
        closed_at: Option<DateTime<Utc>>,
        created_at: DateTime<Utc>,
        updated_at: DateTime<Utc>,
    }
}

export! {
    /// Messages on tickets, one in each row, in the order of their ids, as an index has them.
    TicketMessageExport of TicketMessage as TicketMessages, needs TicketsRead, time "created_at", order "id" Uuid;
    parameters filter: TicketFilter = Ok(within("ticket_id", Ticket::def(), Ticket::conditions(filter)?).into_iter().collect());
    columns {
        id: Id<TicketMessage>,
        ticket_id: Id<Ticket>,
        ticket_number: Option<i32> = "(select t.number from support_tickets t where t.clinic_id = ticket_messages.clinic_id and t.id = ticket_id)",
        clinic_id: Id<Clinic>,
        author_id: Id<User> = "author_user_id",
        author_display_name: Option<String> = "(select concat_ws(' ', u.first_name, u.last_name) from users u where u.id = author_user_id)",
        body: String,
        is_internal: bool,
        created_at: DateTime<Utc>,
    }
}

text_enum! {
    /// Content of an export of tickets.
    TicketExportContent {
        /// The tickets are exported, one in each row.
        Tickets = "tickets",
        /// The messages on the tickets are exported, one in each row. A clinic's exports have no internal notes.
        Messages = "messages",
    }
}

input! {
    /// Export of tickets that is going to be requested.
    RequestTicketExportInput {
        /// Content of the export.
        content: TicketExportContent = TicketExportContent::Tickets,
        /// Conditions on the tickets, as for a list of them. Null for all tickets that the caller may read.
        filter: Option<TicketFilter>,
        /// Format of the file.
        format: ExportFormat = ExportFormat::Csv,
        /// Whether a CSV file begins with a byte order mark, by which some spreadsheets recognise UTF-8.
        has_byte_order_mark: bool = false,
    }
}

/// Result of requesting an export of tickets.
#[derive(SimpleObject)]
pub struct RequestTicketExportPayload {
    /// Export that was requested.
    export: One<ExportJob>,
}

#[derive(Debug, Default)]
pub struct SupportExportMutation;

#[Object]
impl SupportExportMutation {
    /// Requests an export of tickets or of their messages, which the server writes in the background; `exportEvents` reports its
    /// progress. Needs the permissions `DATA_EXPORT` and `TICKETS_READ`.
    async fn request_ticket_export(
        &self,
        ctx: &Context<'_>,
        input: Input<RequestTicketExportInput>,
    ) -> Result<RequestTicketExportPayload> {
        let scope = ctx.permitted(Permission::DataExport)?;
        let input = input.valid()?;
        let options = Options { format: input.format, has_byte_order_mark: input.has_byte_order_mark };
        let filter = input.filter.unwrap_or_default();
        let acting = scope.actor().clinic_id().map(Id::from_uuid);
        if acting.is_some() && filter.clinic_id.is_some_and(|named| Some(named) != acting) {
            return Err(Error::not_found("clinic"));
        }
        let export = match input.content {
            TicketExportContent::Tickets => request::<TicketExport>(scope, filter, options).await?,
            TicketExportContent::Messages => request::<TicketMessageExport>(scope, filter, options).await?,
        };
        Ok(RequestTicketExportPayload { export: One::of(export) })
    }
}
