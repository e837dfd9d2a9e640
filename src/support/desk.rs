//! What the support desk looks at beside single tickets: how long tickets take, and who can be assigned to one.

use async_graphql::{Context, Object, SimpleObject};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, QueryableByName, sql_query,
    sql_types::{Double, Integer, Nullable, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;

use super::Ticket;
use crate::{
    access::{User, UserStatus},
    clinic::Clinic,
    kernel::{
        Error, Id, Permission, RequestOf, Result,
        db::Scope,
        entity::{DateTimeRange, Entity, Maybe, NEVER, Page, PageArgs, condition},
        page::{Direction, Sort, SortType},
    },
    schema::{support_tickets, users},
};

/// Days of tickets that are looked at if no beginning is given.
const USUAL_DAYS: i64 = 90;
/// Most days of tickets that are looked at.
const MOST_DAYS: i64 = 366;

const BY_NAME: Sort = Sort::new("first_name", SortType::Text, Direction::Asc);

/// Times that it took to answer and to resolve tickets.
#[derive(SimpleObject)]
pub struct TicketTimes {
    /// Times from the opening of tickets to the first response.
    first_response: TicketDurations,
    /// Times from the opening of tickets to their resolution, or to their closing if they were closed without one.
    resolution: TicketDurations,
    /// Oldest ticket that is neither resolved nor closed, whenever it was opened. Null if there is none.
    oldest_open_ticket: Maybe<Ticket>,
}

/// Figures on the times that something took for a number of tickets.
#[derive(Debug, SimpleObject)]
pub struct TicketDurations {
    /// Number of tickets that the figures are about.
    count: i32,
    /// Number of tickets, also of those for which it has not happened yet, for which it was not done in time.
    missed: i32,
    /// Average time in seconds. Null if there are no tickets.
    average_seconds: Option<i32>,
    /// Median of the times in seconds: half of the tickets took no longer. Null if there are no tickets.
    median_seconds: Option<i32>,
    /// 90th percentile of the times in seconds: nine in ten tickets took no longer. Null if there are no tickets.
    ninetieth_percentile_seconds: Option<i32>,
}

#[derive(Debug, Default)]
pub struct SupportDeskQuery;

#[Object]
impl SupportDeskQuery {
    /// Times that it took to answer and to resolve the tickets that were opened in a range of time. Needs the permission
    /// `TICKETS_READ`.
    async fn ticket_times(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Clinic whose tickets are looked at; for administrators of the platform, all clinics if left out."
        )]
        clinic_id: Option<Id<Clinic>>,
        #[graphql(
            desc = "Times between which the tickets were opened, at most 366 days; the last 90 days before its end, which is now if it is left out."
        )]
        created_at: Option<DateTimeRange>,
    ) -> Result<TicketTimes> {
        let scope = ctx.permitted(Permission::TicketsRead)?;
        let range = whole(created_at.unwrap_or_default(), scope.now())?;
        let clinic = scope.actor().clinic_id().map(Id::from_uuid);
        let clinic = match (clinic, clinic_id) {
            (Some(acting), Some(named)) if acting != named => return Err(Error::not_found("clinic")),
            (acting, named) => acting.or(named),
        };
        let (first_response, resolution) = durations(scope, clinic, range).await?;
        let oldest_open_ticket = Maybe::of(oldest_open(scope, clinic).await?);
        Ok(TicketTimes { first_response, resolution, oldest_open_ticket })
    }

    /// Administrators of the platform whom tickets can be assigned to, by their given names. Needs the permission
    /// `TICKETS_MANAGE`.
    async fn assignable_administrators(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of items to return from the start, 1 to 100; 25 if neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Returns only the items that follow this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items to return from the end, 1 to 100, in the order of the list.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Returns only the items that precede this cursor.")] before: Option<String>,
    ) -> Result<Page<User>> {
        ctx.permitted(Permission::TicketsManage)?;
        // As `User::is_active_administrator` has it.
        let conditions = vec![
            condition(users::table, users::is_platform_admin),
            condition(users::table, users::status.eq(UserStatus::Active)),
        ];
        Ok(Page::of(PageArgs { first, after, last, before }.page(User::def().type_name, BY_NAME, conditions)))
    }
}

/// The range with both of its ends.
fn whole(range: DateTimeRange, now: DateTime<Utc>) -> Result<(DateTime<Utc>, DateTime<Utc>)> {
    let until = range.until.unwrap_or(now);
    let from = range.from.unwrap_or_else(|| until - TimeDelta::days(USUAL_DAYS));
    if from >= until {
        return Err(Error::invalid("createdAt.until", "must be later than from"));
    }
    if until - from > TimeDelta::days(MOST_DAYS) {
        let message = format!("must be at most {MOST_DAYS} days before until");
        return Err(Error::invalid("createdAt.from", message).limit(MOST_DAYS.unsigned_abs()));
    }
    Ok((from, until))
}

#[derive(QueryableByName)]
struct Figures {
    #[diesel(sql_type = Integer)]
    count: i32,
    #[diesel(sql_type = Integer)]
    missed: i32,
    #[diesel(sql_type = Nullable<Double>)]
    average: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    median: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    ninetieth: Option<f64>,
}

impl From<Figures> for TicketDurations {
    fn from(figures: Figures) -> Self {
        let seconds = |figure: Option<f64>| figure.map(|seconds| seconds.round() as i32);
        Self {
            count: figures.count,
            missed: figures.missed,
            average_seconds: seconds(figures.average),
            median_seconds: seconds(figures.median),
            ninetieth_percentile_seconds: seconds(figures.ninetieth),
        }
    }
}

/// Figures on the first responses and on the resolutions, in this order.
async fn durations(
    scope: &Scope,
    clinic: Option<Id<Clinic>>,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<(TicketDurations, TicketDurations)> {
    let of_clinic = if clinic.is_some() { "clinic_id = $3" } else { "$3 is null" };
    let figures = |place: i32, happened: &str, ended: &str, due: &str| {
        format!(
            "select {place} as place, count(took)::int as count, count(*) filter (where late)::int as missed, avg(took) as average,
                    percentile_cont(0.5) within group (order by took) as median,
                    percentile_cont(0.9) within group (order by took) as ninetieth
               from (select extract(epoch from {happened} - created_at)::float8 as took,
                            coalesce({ended}, now()) > {due} as late
                       from support_tickets where {of_clinic} and created_at >= $1 and created_at < $2) as each"
        )
    };
    let resolved = "coalesce(resolved_at, closed_at)";
    // A ticket that is resolved without a response needs none any more.
    let responded = format!("coalesce(first_responded_at, {resolved})");
    let first_response = figures(1, "first_responded_at", &responded, "first_response_due_at");
    let resolution = figures(2, resolved, resolved, "resolution_due_at");
    let both = sql_query(format!("{first_response} union all {resolution} order by place"));
    let both = both.bind::<Timestamptz, _>(from).bind::<Timestamptz, _>(until).bind::<Nullable<SqlUuid>, _>(clinic);
    let rows: Vec<Figures> = both.load(&mut scope.tx().await?.conn()?).await?;
    let mut rows = rows.into_iter().map(TicketDurations::from);
    let mut next = || rows.next().ok_or_else(|| Error::internal("there are no figures"));
    Ok((next()?, next()?))
}

/// The oldest ticket of those that still have a deadline, which are all that are neither resolved nor closed.
async fn oldest_open(scope: &Scope, clinic: Option<Id<Clinic>>) -> Result<Option<Id<Ticket>>> {
    use support_tickets as t;
    let open = t::table.filter(t::due_order.lt(NEVER)).order((t::created_at, t::id)).select(t::id).into_boxed();
    let open = match clinic {
        Some(clinic) => open.filter(t::clinic_id.eq(clinic)),
        None => open,
    };
    Ok(open.first(&mut scope.tx().await?.conn()?).await.optional()?)
}
