//! The one path of every operation, whatever transport brought it.
//!
//! `admit` decides whether an operation runs: it reads the document (measured, parsed, validated, cached), identifies
//! the caller, checks the variables and charges the cost. `run` executes it under a deadline, `mutation` runs the fields
//! of a mutation one after the other, `listen` serves subscriptions, and `answer` writes what goes out. What async-graphql
//! offers as extensions is done here, around it: one registered extension sends every field down a slow path.

mod admit;
mod answer;
mod arguments;
mod coerce;
mod cost;
mod document;
mod executor;
mod limits;
mod listen;
mod merge;
mod mutation;
mod operation_rates;
mod owners;
mod persisted;
mod rate;
mod run;
mod tokens;
mod types;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_graphql::ServerError;
use futures_util::FutureExt;
use http::StatusCode;
use tracing::Instrument;

use self::{
    answer::Data, document::Documents, executor::Executor, operation_rates::OperationCounts, persisted::Persisted,
    rate::Meter, tokens::Tokens, types::Types,
};
use crate::{
    access::{Attempts, LONGEST_PASSWORD, Passwords, Presence, Sessions, token_hash},
    file::{FileSettings, Files},
    graphql::{self, notices, operation_rates},
    integration::{Integrations, SmsCarrier, WhatsAppCarrier},
    kernel::{
        Actor, Code, Error, Result,
        clock::Clock,
        db::{Access, Database, Shares},
        idempotency,
        links::Links,
        page,
        refusals::RefusedMutations,
        secrets::KeyRing,
        services::Services,
    },
    live::{Hub, Names},
    mail::{MailOptions, Mailer},
    notification::{NotificationChannel, Outside, Push},
    outbound::{Outbound, OutboundOptions},
    server::{
        LONGEST_IDEMPOTENCY_KEY, TransportLimits,
        contract::{Answer, Caller, Execute, Incoming, Outcome, SocketRefusal, SocketUser, Status},
    },
    server_info::ServerLimits,
    webhook::Webhooks,
};

pub use self::{
    limits::Limits,
    persisted::{Manifest, Operations},
    rate::Rates,
};

/// How operations are run.
#[derive(Debug, Clone)]
pub struct Settings {
    pub limits: Limits,
    pub rates: Rates,
    /// Percentage of the rates declared by the operations that is allowed; 0 for no limit.
    pub operation_rates: u32,
    /// How callers share the connections to the database.
    pub shares: Shares,
    /// Connections of clinics, which these shares are of.
    pub connections: usize,
    /// Connections for jobs that run at once; none if this process runs no jobs.
    pub job_connections: usize,
    /// What the transports in front allow, so that clients can read it from the API.
    pub transport: TransportLimits,
    /// How files are stored, scanned and limited.
    pub files: FileSettings,
    /// Where e-mails go.
    pub mail: MailOptions,
    /// Where requests to other servers may go.
    pub outbound: OutboundOptions,
    /// Address under which browsers and other servers reach this one, without a path. None if the operator has not said it.
    pub public_url: Option<String>,
    /// Which documents are run.
    pub operations: Operations,
    /// The time after which an operation is cancelled.
    pub deadline: Duration,
    /// The time after which one statement of it is cancelled.
    pub statement_timeout: Duration,
    /// Whether answers report how many statements they took, and anonymous callers may read the schema.
    pub development: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            rates: Rates::default(),
            operation_rates: 100,
            shares: Shares::default(),
            connections: 16,
            job_connections: 0,
            transport: TransportLimits::default(),
            files: FileSettings::default(),
            mail: MailOptions::default(),
            outbound: OutboundOptions::default(),
            public_url: None,
            operations: Operations::default(),
            deadline: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(5),
            development: false,
        }
    }
}

impl Settings {
    /// The limits that `Query.server` reports.
    fn server_limits(&self) -> ServerLimits {
        fn number(limit: impl TryInto<i32>) -> i32 {
            limit.try_into().unwrap_or(i32::MAX)
        }
        let rate = |limit: u64| (limit > 0).then(|| number(limit));
        let Self { limits, rates, transport, shares, connections, files, .. } = self;
        ServerLimits {
            body_bytes: number(transport.body_bytes),
            document_bytes: number(limits.document_bytes),
            document_tokens: number(limits.tokens),
            depth: number(limits.depth),
            nesting: number(limits.nesting),
            selections: number(limits.selections),
            aliases: number(limits.aliases),
            directives: number(limits.directives),
            root_fields: number(limits.root_fields),
            introspection_lists: number(limits.schema_lists),
            cost: number(limits.cost),
            user_cost_per_minute: rate(rates.user),
            anonymous_cost_per_minute: rate(rates.anonymous),
            input_list_items: number(limits.input_list),
            page_size: number(page::MOST),
            default_page_size: number(page::USUAL),
            operation_seconds: number(self.deadline.as_secs()),
            statement_seconds: number(self.statement_timeout.as_secs()),
            person_operations: number(shares.of_person(*connections)),
            clinic_operations: number(shares.of_party(*connections)),
            waiting_operations_per_person: number(shares.waiting_of_person),
            waiting_operations_per_clinic: number(shares.waiting_of_party),
            waiting_milliseconds: number(shares.wait.as_millis()),
            password_characters: number(LONGEST_PASSWORD),
            idempotency_key_characters: number(LONGEST_IDEMPOTENCY_KEY),
            idempotency_hours: number(idempotency::LIFETIME.num_hours()),
            socket_message_bytes: number(transport.socket_message_bytes),
            socket_operations: number(transport.socket_operations),
            sockets_per_user: number(transport.sockets_per_user),
            sockets_per_address: number(transport.sockets_per_address),
            connections_per_address: number(transport.connections_per_address),
            file_bytes: number(files.limits.file),
            file_transfers_per_clinic: number(files.limits.transfers_of_clinic),
        }
    }
}

/// Executes operations; clones share everything.
#[derive(Clone)]
pub struct Pipeline(Arc<Parts>);

struct Parts {
    settings: Settings,
    database: Database,
    clock: Clock,
    ring: Arc<KeyRing>,
    tokens: Tokens,
    presence: Arc<Presence>,
    documents: Documents,
    persisted: Persisted,
    meter: Meter,
    operation_counts: OperationCounts,
    refused_mutations: RefusedMutations,
    types: Types,
    hub: Arc<Hub>,
    files: Files,
    outbound: Outbound,
    outside: Outside,
    links: Links,
    webhooks: Webhooks,
    integrations: Integrations,
    executor: Executor,
}

impl Pipeline {
    pub async fn new(
        settings: Settings,
        database: Database,
        clock: Clock,
        ring: Arc<KeyRing>,
        passwords: Passwords,
    ) -> Result<Self> {
        let sessions = Sessions::new(database.clone(), clock.clone());
        let links = Links::new(&ring, clock.clone())?;
        let files =
            Files::new(settings.files.clone(), database.clone(), Arc::clone(&ring), links.clone(), clock.clone())?;
        let outbound = Outbound::new(settings.outbound.clone());
        let integrations = Integrations::new(
            Arc::clone(&ring),
            outbound.clone(),
            database.clone(),
            clock.clone(),
            settings.public_url.clone(),
        );
        let push = Push::new(
            outbound.clone(),
            database.clone(),
            Arc::clone(&ring),
            clock.clone(),
            settings.public_url.clone(),
        );
        let mailer = Mailer::new(&settings.mail, clock.clone())?;
        let outside = Outside::new(mailer, push, links.clone(), settings.public_url.clone())
            .with_carrier(NotificationChannel::Sms, Arc::new(SmsCarrier(integrations.clone())))
            .with_carrier(NotificationChannel::Whatsapp, Arc::new(WhatsAppCarrier(integrations.clone())));
        let webhooks = Webhooks::new(outbound.clone(), Arc::clone(&ring));
        let schema = graphql::schema()
            .data(outside.clone())
            .data(notices())
            .data(files.clone())
            .data(outbound.clone())
            .data(webhooks.clone())
            .data(integrations.clone())
            .data(links.clone())
            .data(sessions.clone())
            .data(Attempts::new(&ring)?)
            .data(passwords)
            .data(clock.clone())
            .data(settings.server_limits())
            .data(operation_rates())
            .finish();
        let presence = Presence::new(database.clone(), clock.clone());
        let types = Types::read(&graphql::sdl())?;
        let persisted = Persisted::new(settings.operations.clone());
        let meter = Meter::new(settings.rates, clock.clone());
        let operation_counts = OperationCounts::new(operation_rates(), settings.operation_rates, clock.clone());
        let hub = Hub::new(database.clone(), clock.clone(), Names::new(&ring)?);
        let parts = Arc::new(Parts {
            settings,
            database,
            clock,
            ring,
            tokens: Tokens::new(sessions),
            presence,
            documents: Documents::new(),
            persisted,
            meter,
            operation_counts,
            refused_mutations: RefusedMutations::default(),
            types,
            hub,
            files,
            outbound,
            outside,
            links,
            webhooks,
            integrations,
            executor: Executor::new(schema).await?,
        });
        parts.webhooks.run_queries_with(Arc::new(owners::Owners(Arc::downgrade(&parts))));
        Ok(Self(parts))
    }

    #[must_use]
    pub fn database(&self) -> &Database {
        &self.0.database
    }

    /// What files are stored with.
    #[must_use]
    pub fn files(&self) -> &Files {
        &self.0.files
    }

    /// What integrations are used with.
    #[must_use]
    pub fn integrations(&self) -> &Integrations {
        &self.0.integrations
    }

    /// What jobs work with outside the database.
    #[must_use]
    pub fn services(&self) -> Services {
        Services::default()
            .with(self.0.files.clone())
            .with(self.0.outbound.clone())
            .with(self.0.outside.clone())
            .with(self.0.webhooks.clone())
            .with(self.0.integrations.clone())
            .with(graphql::inbound_handlers())
            .with(notices())
    }

    /// What messages leave the application with.
    #[must_use]
    pub fn outside(&self) -> &Outside {
        &self.0.outside
    }

    /// What signs links.
    #[must_use]
    pub fn links(&self) -> &Links {
        &self.0.links
    }

    /// Where events come in.
    #[must_use]
    pub fn hub(&self) -> &Arc<Hub> {
        &self.0.hub
    }
}

/// An error of this crate as async-graphql's, with ours as its source.
fn server_error(error: &Error) -> ServerError {
    let mut server_error = ServerError::new(error.message(), None);
    server_error.source = Some(Arc::new(error.clone()));
    server_error
}

impl Execute for Pipeline {
    async fn run(&self, incoming: Incoming, caller: Caller) -> Outcome {
        let parts = Arc::clone(&self.0);
        let request_id = caller.request_id.clone();
        let span = tracing::debug_span!("operation", request.id = request_id, transport = ?caller.transport);
        let begun = Instant::now();
        // In a task of its own: a client that hangs up does not cut a mutation in half, nor cost a connection.
        let answered = tokio::spawn(parts.answer(incoming, caller).instrument(span.clone())).await;
        tracing::debug!(parent: &span, milliseconds = begun.elapsed().as_secs_f64() * 1e3, "answered");
        answered.unwrap_or_else(|error| {
            let error = Error::internal(error);
            Outcome::Answer(self.0.refusal(&request_id, &[server_error(&error)], &error))
        })
    }

    async fn authenticate_socket(&self, caller: &Caller) -> Result<Option<SocketUser>, SocketRefusal> {
        let Some(token) = &caller.token else { return Ok(None) };
        match self.0.actor(Some(token_hash(token)), caller.address).await {
            Ok(Actor::Person(person)) => {
                let Some(session) = person.session_id else { return Ok(None) };
                let ended = self.0.presence.until_ended(session);
                // In the words that a subscription uses, as either may notice first.
                let revoked = ended.map(|code| match code {
                    Code::UserInactive => format!("{}: this account is not active", code.as_str()),
                    _ => format!("{}: your session has ended; please sign in again", code.as_str()),
                });
                Ok(Some(SocketUser { key: person.user_id.to_string(), revoked: revoked.boxed() }))
            }
            Ok(Actor::Nobody | Actor::System | Actor::Job(_)) => Ok(None),
            Err(error) => {
                let close_code = match error.code() {
                    Code::RateLimited => 4429,
                    // "Try again later", which clients do; they give up after the codes from 4400 on.
                    Code::Unavailable | Code::Timeout => 1013,
                    Code::Internal => 4500,
                    _ => 4403,
                };
                Err(SocketRefusal { close_code, reason: error.message().to_owned() })
            }
        }
    }

    fn refuse(&self, request_id: &str, status: StatusCode, code: &'static str, message: &str) -> Answer {
        let mut error = ServerError::new(message, None);
        error.extensions.get_or_insert_default().set("code", code);
        Answer {
            body: answer::write(&Data::None, &[error], None, request_id),
            status: Status::Refused(status),
            cookies: Vec::new(),
            rate_limit: None,
            retry_after: None,
        }
    }

    async fn ready(&self) -> bool {
        let scope = Arc::new(self.0.database.scope(Actor::System, Access::Read, None));
        let ready = scope.tx().await.is_ok();
        scope.finish();
        ready
    }
}
