//! The one path of every operation, whatever brought it: read (measured, parsed, validated, kept) → who asks →
//! variables → cost → execute in a guarded task → map errors → write. What async-graphql would do in extensions is
//! done here, around it: one registered extension sends every field down a slow path.

mod answer;
mod cost;
mod document;
mod executor;
mod limits;
mod listen;
mod merge;
mod persisted;
mod rate;
mod types;

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use async_graphql::{
    Name, Positioned, ServerError, Value, Variables,
    parser::types::{ExecutableDocument, OperationDefinition, OperationType, Selection},
};
use futures_util::FutureExt;
use http::StatusCode;
use sha2::{Digest, Sha256};
use tracing::Instrument;
use uuid::Uuid;

use self::{
    answer::{CostTold, Data},
    document::{Documents, Refused, only},
    executor::{Asked, Executor, Resolved},
    persisted::Persisted,
    rate::Meter,
    types::Types,
};
use crate::{
    access::{Passwords, Presence, Sessions, token_hash},
    graphql,
    kernel::{
        Actor, Code, Error, Result,
        actor::Origin,
        clock::Clock,
        db::{Access, Database},
        entity::Plans,
        idempotency,
        request::{Request, SessionCookie},
        secrets::KeyRing,
    },
    live::{Hub, Names},
    server::contract::{
        Answer, Caller, Execute, Guest, Incoming, Outcome, RateLimit, SESSION_COOKIE, Status, Transport,
    },
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
    /// Which documents are run.
    pub operations: Operations,
    /// An operation that takes longer is given up.
    pub deadline: Duration,
    /// Whether answers tell how many statements they took, and strangers may look at the schema.
    pub development: bool,
}

/// Executes operations; clones share everything.
#[derive(Clone)]
pub struct Pipeline(Arc<Parts>);

struct Parts {
    settings: Settings,
    database: Database,
    clock: Clock,
    ring: Arc<KeyRing>,
    sessions: Sessions,
    presence: Arc<Presence>,
    documents: Documents,
    persisted: Persisted,
    meter: Meter,
    types: Types,
    hub: Arc<Hub>,
    executor: Executor,
}

/// What a request needs to be run.
struct Job {
    /// With the one operation.
    document: Arc<ExecutableDocument>,
    /// What its fields take, unless it is this request's alone.
    plans: Option<Arc<Plans>>,
    kind: OperationType,
    /// The response keys and names of the root fields, in order.
    roots: Vec<(Name, Name)>,
    variables: Variables,
    actor: Actor,
    hash: Option<[u8; 32]>,
    origin: Arc<Origin>,
    key: Option<String>,
    /// Of what was asked, unless it is a query: tells whether a repeated key means the same.
    fingerprint: [u8; 32],
    cost: u64,
    rate_limit: Option<RateLimit>,
}

impl Job {
    fn asked(&self) -> Asked<'_> {
        Asked { document: &self.document, variables: &self.variables, plans: self.plans.as_ref() }
    }
}

/// An operation that was run.
#[derive(Default)]
struct Done {
    data: Data,
    errors: Vec<ServerError>,
    sql_count: usize,
    cookies: Vec<String>,
}

impl Done {
    /// Nothing but an error.
    fn failed(error: &Error) -> Self {
        Self { data: Data::Null, errors: vec![from_ours(error)], ..Self::default() }
    }
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
        let schema = graphql::schema().data(sessions.clone()).data(passwords).data(clock.clone()).finish();
        let presence = Presence::new(database.clone(), clock.clone());
        let types = Types::read(&graphql::sdl())?;
        let persisted = Persisted::new(settings.operations.clone());
        let meter = Meter::new(settings.rates, clock.clone());
        let hub = Hub::new(database.clone(), clock.clone(), Names::new(&ring)?);
        Ok(Self(Arc::new(Parts {
            settings,
            database,
            clock,
            ring,
            sessions,
            presence,
            documents: Documents::new(),
            persisted,
            meter,
            types,
            hub,
            executor: Executor::new(schema).await?,
        })))
    }

    #[must_use]
    pub fn database(&self) -> &Database {
        &self.0.database
    }

    /// Where events come in.
    #[must_use]
    pub fn hub(&self) -> &Arc<Hub> {
        &self.0.hub
    }
}

impl Parts {
    async fn answer(self: Arc<Self>, incoming: Incoming, caller: Caller) -> Outcome {
        let request_id = caller.request_id.clone();
        let hash = caller.token.as_deref().map(token_hash);
        Outcome::Answer(match Arc::clone(&self).work(incoming, caller).await {
            Ok(outcome) => return outcome,
            Err(Refused::One(error)) => self.refuse_with(&request_id, &[from_ours(&error)], &error),
            Err(Refused::ByGet) => {
                let error = Error::new(Code::OperationNotAllowed, "a mutation is sent by POST");
                let refused = self.refuse_with(&request_id, &[from_ours(&error)], &error);
                Answer { status: Status::Refused(StatusCode::METHOD_NOT_ALLOWED), ..refused }
            }
            Err(Refused::Failed(errors)) => self.refuse_with(&request_id, &errors, &listen::refusal(&errors)),
            Err(Refused::Invalid(mut errors)) => {
                // What validation suggests is read out of the schema.
                if !self.settings.development && !matches!(self.actor(hash).await, Ok(Actor::Person(_))) {
                    errors.iter_mut().for_each(|error| forget_suggestion(&mut error.message));
                }
                let code = errors.first().map(answer::code) == Some(Code::ParseFailed.as_str());
                let error = Error::new(if code { Code::ParseFailed } else { Code::ValidationFailed }, "");
                self.refuse_with(&request_id, &errors, &error)
            }
        })
    }

    async fn actor(&self, hash: Option<[u8; 32]>) -> Result<Actor> {
        match hash {
            Some(hash) => self.sessions.actor(hash).await,
            None => Ok(Actor::Nobody),
        }
    }

    fn refuse_with(&self, request_id: &str, errors: &[ServerError], error: &Error) -> Answer {
        Answer {
            body: answer::write(&Data::None, errors, None, request_id),
            status: Status::Refused(status(error.code())),
            cookies: Vec::new(),
            rate_limit: rate::nothing_left(error),
            retry_after: error.seconds_to_wait(),
        }
    }

    async fn work(self: Arc<Self>, mut incoming: Incoming, caller: Caller) -> Result<Outcome, Refused> {
        let text = self.persisted.text(&mut incoming)?;
        let hash = caller.token.as_deref().map(token_hash);
        if let Err(refusal) = self.meter.admit(caller.address) {
            match self.actor(hash).await {
                Ok(Actor::Person(person)) => self.meter.admit_person(&person)?,
                _ => return Err(refusal.into()),
            }
        }
        let document = match self.documents.read(&text, &self.settings.limits, &self.types).await {
            Ok(document) => document,
            Err(refused) => {
                let actor = self.actor(hash).await.unwrap_or(Actor::Nobody);
                self.meter.charge_refused(&actor, caller.address);
                return Err(refused);
            }
        };
        self.persisted.learn(&incoming, &text);
        let operation = document.operation(incoming.operation_name.as_deref())?;
        let meant = operation.definition()?;
        let kind = meant.node.ty;
        if kind == OperationType::Mutation && caller.transport == Transport::HttpGet {
            return Err(Refused::ByGet);
        }
        let actor = self.actor(hash).await?;
        let given = incoming.variables.unwrap_or_default();
        let fingerprint = match kind {
            OperationType::Query => [0; 32],
            OperationType::Mutation => fingerprint(&text, incoming.operation_name.as_deref(), &given),
            OperationType::Subscription => {
                let lasting = listen::lasting(&text, &meant.node, &given);
                fingerprint(&text, incoming.operation_name.as_deref(), &lasting)
            }
        };
        let variables = self.variables(meant, given)?;
        let mut parsed = Arc::clone(&operation.parsed);
        if operation.is_conditional {
            let parsed = Arc::make_mut(&mut parsed);
            merge::prune(parsed, &variables)?;
            merge::merge(parsed, &self.types);
        }
        let (cost, roots) = self.cost(&parsed, kind, &variables)?;
        let rate_limit = self.meter.charge(&actor, caller.address, cost)?;
        let introspects = roots.iter().any(|(_, name)| name.starts_with("__s") || *name == "__type");
        if introspects && !self.settings.development && matches!(actor, Actor::Nobody) {
            return Err(Error::new(Code::Unauthenticated, "please sign in to see the schema").into());
        }
        let origin =
            Arc::new(Origin { request_id: caller.request_id.clone(), address: caller.address, agent: caller.agent });
        let plans = (!operation.is_conditional).then(|| Arc::clone(&operation.plans));
        let job = Job {
            document: parsed,
            plans,
            kind,
            roots,
            variables,
            actor,
            hash,
            origin,
            key: caller.idempotency_key,
            fingerprint,
            cost,
            rate_limit,
        };
        if kind == OperationType::Subscription {
            let after = listen::last_event_id(incoming.extensions.as_ref());
            return Box::pin(listen::listen(self, job, after)).await;
        }
        Ok(Outcome::Answer(self.execute(job).await?))
    }

    /// Checks the variables; absent ones get their defaults, which the executor forgets where a directive reads them.
    fn variables(
        &self,
        meant: &Positioned<OperationDefinition>,
        mut given: serde_json::Map<String, serde_json::Value>,
    ) -> Result<Variables> {
        let mut variables = Variables::default();
        for definition in &meant.node.variable_definitions {
            let definition = &definition.node;
            let name = &definition.name.node;
            let value = match given.remove(name.as_str()) {
                Some(value) => Some(Value::from_json(value).map_err(Error::internal)?),
                None => definition.default_value.as_ref().map(|value| value.node.clone()),
            };
            match value {
                Some(value) => {
                    let value =
                        self.types.coerce(&definition.var_type.node, value, name, self.settings.limits.input_list)?;
                    variables.insert(name.clone(), value);
                }
                None if definition.var_type.node.nullable => {}
                None => {
                    return Err(Error::invalid(
                        name.as_str(),
                        format!("the variable must be given ({})", definition.var_type.node),
                    ));
                }
            }
        }
        Ok(variables)
    }

    fn cost(
        &self,
        document: &ExecutableDocument,
        kind: OperationType,
        variables: &Variables,
    ) -> Result<(u64, Vec<(Name, Name)>)> {
        let root = match kind {
            OperationType::Query => "Query",
            OperationType::Mutation => "Mutation",
            OperationType::Subscription => "Subscription",
        };
        let set = &only(document)?.node.selection_set.node;
        let cost = cost::of(document, set, root, variables, &self.types);
        let limit = self.settings.limits.cost;
        if cost > limit {
            let told =
                format!("this costs {cost}, more than the limit of {limit}; ask for smaller pages or fewer edges");
            return Err(Error::new(Code::TooComplex, told).limit(limit));
        }
        let roots = set.items.iter().filter_map(|selection| match &selection.node {
            Selection::Field(field) => Some((field.node.response_key().node.clone(), field.node.name.node.clone())),
            Selection::FragmentSpread(_) | Selection::InlineFragment(_) => None,
        });
        Ok((cost, roots.collect()))
    }

    /// Runs the operation, and once more when the caller was not any more who they were looked up as.
    async fn execute(&self, mut job: Job) -> Result<Answer> {
        let mut tried = false;
        loop {
            match self.run_guarded(&job).await {
                Ok(done) => {
                    let told = CostTold {
                        cost: job.cost,
                        limit: self.settings.limits.cost,
                        sql_count: self.settings.development.then_some(done.sql_count),
                    };
                    return Ok(Answer {
                        body: answer::write(&done.data, &done.errors, Some(told), &job.origin.request_id),
                        status: Status::Executed,
                        cookies: done.cookies,
                        rate_limit: job.rate_limit,
                        retry_after: done
                            .errors
                            .iter()
                            .filter_map(|error| error.source::<Error>()?.seconds_to_wait())
                            .max(),
                    });
                }
                Err(refusal) => {
                    let Some(hash) = job.hash else { return Err(refusal) };
                    self.sessions.forget(&hash);
                    if tried || !refusal.is_stale_actor() {
                        return Err(refusal);
                    }
                    tried = true;
                    job.actor = self.sessions.actor(hash).await?;
                }
            }
        }
    }

    /// Executes so that neither a panic nor an operation without end reaches the transport. `Err` is the refusal of
    /// the caller by the database: nothing was done.
    async fn run_guarded(&self, job: &Job) -> Result<Done> {
        let work = async {
            match job.kind {
                // Boxed, as what is spawned and timed is moved some ten times.
                OperationType::Query => Box::pin(self.run_query(job)).await,
                OperationType::Mutation => Box::pin(self.run_mutation(job)).await,
                OperationType::Subscription => Err(Error::internal("a subscription is listened to")),
            }
        };
        match tokio::time::timeout(self.settings.deadline, AssertUnwindSafe(work).catch_unwind()).await {
            Ok(Ok(done)) => done,
            Ok(Err(panic)) => {
                let told = panic
                    .downcast_ref::<&str>()
                    .map(|told| (*told).to_owned())
                    .or_else(|| panic.downcast_ref::<String>().cloned());
                let error = Error::internal(format!("panic: {}", told.unwrap_or_default()));
                Ok(Done::failed(&error))
            }
            Err(_) => {
                let error = Error::new(Code::Timeout, "this took too long and was given up");
                Ok(Done::failed(&error))
            }
        }
    }

    async fn run_query(&self, job: &Job) -> Result<Done> {
        let request = Arc::new(Request::new(
            self.database.clone(),
            job.actor.clone(),
            Access::Read,
            String::new(),
            Arc::clone(&job.origin),
            job.hash,
        ));
        // Only the schema's own executor answers about the schema.
        let resolved = if job.roots.iter().any(|(_, name)| name.starts_with("__") && *name != "__typename") {
            self.executor.introspection(job.asked(), &request).await
        } else {
            self.executor.query(job.asked(), &request).await?
        };
        request.finish_others();
        let scope = Arc::clone(request.scope());
        let checked = scope.check().await;
        if let Some(refusal) = scope.refusal().await {
            // What followed has failed with the opening, so that the connection is as good as before.
            scope.roll_back().await;
            return Err(refusal);
        }
        checked?;
        let sql_count = scope.sent();
        scope.finish();
        let (data, errors) = done(resolved);
        Ok(Done { data, errors, sql_count, cookies: Vec::new() })
    }

    /// Each field of a mutation is a transaction of its own, one after the other. A field without an answer has done
    /// nothing, and ends the operation.
    async fn run_mutation(&self, job: &Job) -> Result<Done> {
        let mut fields = Vec::with_capacity(job.roots.len());
        let mut errors = Vec::new();
        let mut sql_count = 0;
        let mut cookies = Vec::new();
        for (place, (key, name)) in job.roots.iter().enumerate() {
            let done = self.run_change(job, place, name).await;
            match done {
                Ok(done) => {
                    sql_count += done.sql_count;
                    errors.extend(done.errors);
                    cookies.extend(done.cookies);
                    match done.data {
                        Data::Fields(done) => fields.extend(done),
                        Data::None | Data::Null => return Ok(Done { data: Data::Null, errors, sql_count, cookies }),
                    }
                }
                // Nothing was done yet: the whole is refused, or tried again.
                Err(refusal) if place == 0 => return Err(refusal),
                Err(refusal) => {
                    let mut error = from_ours(&refusal);
                    error.path = vec![async_graphql::PathSegment::Field(key.to_string())];
                    errors.push(error);
                    return Ok(Done { data: Data::Null, errors, sql_count, cookies });
                }
            }
        }
        Ok(Done { data: Data::Fields(fields), errors, sql_count, cookies })
    }

    async fn run_change(&self, job: &Job, place: usize, name: &Name) -> Result<Done> {
        let request = Request::new(
            self.database.clone(),
            job.actor.clone(),
            Access::Write,
            name.to_string(),
            Arc::clone(&job.origin),
            job.hash,
        );
        let request = Arc::new(request);
        let scope = Arc::clone(request.scope());
        let done = self.change(job, place, &request).await;
        request.finish_others();
        match done {
            Ok(done) if matches!(done.data, Data::Fields(_)) => match scope.commit().await {
                Ok(()) => Ok(done),
                Err(error) => Ok(Done { sql_count: done.sql_count, ..Done::failed(&error) }),
            },
            Ok(done) => {
                // What was forbidden before any statement was forbidden to whom the caller was looked up as.
                if done.errors.iter().any(|error| answer::code(error) == Code::Forbidden.as_str()) {
                    drop(scope.check().await);
                }
                let refusal = scope.refusal().await;
                scope.roll_back().await;
                refusal.map_or(Ok(done), Err)
            }
            Err(error) => {
                let refusal = scope.refusal().await;
                scope.roll_back().await;
                match refusal {
                    Some(refusal) => Err(refusal),
                    None => Ok(Done::failed(&error)),
                }
            }
        }
    }

    /// Runs one field of a mutation, or gives the answer it gave before.
    async fn change(&self, job: &Job, place: usize, request: &Arc<Request>) -> Result<Done> {
        let key = match (&job.key, &job.actor) {
            (Some(key), Actor::Person(person)) => Some(idempotency::Key {
                user_id: person.user_id,
                key: format!("{key}#{place}"),
                request_hash: in_clinic(job.fingerprint, job.actor.clinic_id()),
            }),
            _ => None,
        };
        if let Some(key) = &key
            && let Some(earlier) = key.take(request.scope(), &self.ring, self.clock.now()).await?
        {
            let (field, errors) =
                answer::kept(&earlier).ok_or_else(|| Error::internal("a kept answer cannot be read"))?;
            return Ok(Done {
                data: Data::Fields(vec![field]),
                errors,
                sql_count: request.scope().sent(),
                cookies: Vec::new(),
            });
        }
        let (data, errors) = done(self.executor.mutation(job.asked(), place, request).await?);
        if matches!(data, Data::Fields(_)) {
            request.scope().write_told().await?;
        }
        let done = Done {
            data,
            errors,
            sql_count: request.scope().sent(),
            cookies: request.session_cookie().iter().map(cookie).collect(),
        };
        if let (Some(key), Data::Fields(fields)) = (&key, &done.data)
            && let Some(field) = fields.first()
        {
            key.keep(request.scope(), &self.ring, &answer::to_keep(field, &done.errors)).await?;
        }
        Ok(done)
    }
}

fn forget_suggestion(message: &mut String) {
    if let Some(at) = message.find(" Did you mean") {
        message.truncate(at);
    }
}

/// What a browser is told about its session.
fn cookie(told: &SessionCookie) -> String {
    let (value, seconds) = match told {
        SessionCookie::Keep { token, seconds } => (token.as_str(), *seconds),
        SessionCookie::Forget => ("", 0),
    };
    format!("{SESSION_COOKIE}={value}; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age={seconds}")
}

fn done(resolved: Resolved) -> (Data, Vec<ServerError>) {
    (resolved.fields.map_or(Data::Null, Data::Fields), resolved.errors)
}

fn from_ours(error: &Error) -> ServerError {
    let mut told = ServerError::new(error.message(), None);
    told.source = Some(Arc::new(error.clone()));
    told
}

/// The same words in another clinic ask for something else, and what one clinic was answered is not for the other.
fn in_clinic(fingerprint: [u8; 32], clinic: Option<Uuid>) -> [u8; 32] {
    let clinic = clinic.unwrap_or_default();
    Sha256::new().chain_update(fingerprint).chain_update(clinic.as_bytes()).finalize().into()
}

fn fingerprint(text: &str, name: Option<&str>, variables: &serde_json::Map<String, serde_json::Value>) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(serde_json::json!([text, name, variables]).to_string().as_bytes());
    hash.finalize().into()
}

/// The HTTP status of a request that was refused whole.
fn status(code: Code) -> StatusCode {
    match code {
        Code::Unauthenticated | Code::InvalidCredentials | Code::SessionExpired => StatusCode::UNAUTHORIZED,
        Code::UserInactive
        | Code::ClinicInactive
        | Code::Forbidden
        | Code::AccountLocked
        | Code::OperationNotAllowed => StatusCode::FORBIDDEN,
        Code::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Code::Timeout | Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    }
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
            Outcome::Answer(self.0.refuse_with(&request_id, &[from_ours(&error)], &error))
        })
    }

    async fn greet(&self, caller: &Caller) -> Result<Option<Guest>, String> {
        let Some(token) = &caller.token else { return Ok(None) };
        match self.0.sessions.actor(token_hash(token)).await {
            Ok(Actor::Person(person)) => {
                let left = self.0.presence.arrive(person.session_id);
                // As a subscription would say it, whichever notices first.
                let unwelcome = left.map(|reason| match reason {
                    Code::UserInactive => format!("{}: this account is not active", reason.as_str()),
                    _ => format!("{}: your session has ended; please sign in again", reason.as_str()),
                });
                let unwelcome = unwelcome.boxed();
                Ok(Some(Guest { key: person.user_id.to_string(), unwelcome }))
            }
            Ok(Actor::Nobody | Actor::System) => Ok(None),
            Err(error) => Err(error.message().to_owned()),
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
