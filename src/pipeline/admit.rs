//! Whether an operation runs at all: its document, its caller, its variables and its cost.

use std::{net::IpAddr, sync::Arc};

use async_graphql::{
    Name, Positioned, ServerError, Value, Variables,
    parser::types::{ExecutableDocument, OperationDefinition, OperationType, Selection},
};
use http::StatusCode;
use sha2::{Digest, Sha256};

use super::{
    Parts,
    answer::{self, Data},
    arguments,
    coerce::Coercion,
    cost,
    document::{Document, Refused, only},
    executor::Invocation,
    listen, merge, rate, server_error,
};
use crate::{
    access::token_hash,
    kernel::{Actor, Code, Error, Result, actor::Origin, db::Terms, entity::Plans},
    server::contract::{Answer, Caller, Incoming, Outcome, RateLimit, Status, Transport},
};

/// Cost of an operation that counts as one more place among the connections.
pub const COST_OF_A_PLACE: u64 = 500;

/// An admitted operation, with what running it takes.
pub struct Job {
    /// With this one operation.
    pub document: Arc<ExecutableDocument>,
    /// The query plans of its fields, unless the document belongs to this request alone.
    pub plans: Option<Arc<Plans>>,
    pub kind: OperationType,
    /// The response keys and names of the root fields, in order.
    pub roots: Vec<(Name, Name)>,
    pub variables: Variables,
    pub actor: Actor,
    pub token_hash: Option<[u8; 32]>,
    pub origin: Arc<Origin>,
    pub idempotency_key: Option<String>,
    /// Hash of document and variables, unless it is a query: decides whether a repeated key belongs to the same request.
    pub fingerprint: [u8; 32],
    pub cost: u64,
    pub rate_limit: Option<RateLimit>,
}

/// The operation of a request, without its sender.
pub struct Asked {
    document: Arc<ExecutableDocument>,
    plans: Option<Arc<Plans>>,
    kind: OperationType,
    roots: Vec<(Name, Name)>,
    variables: Variables,
    fingerprint: [u8; 32],
    cost: u64,
}

impl Asked {
    /// The names of the root fields.
    pub fn roots(&self) -> impl Iterator<Item = &str> {
        self.roots.iter().map(|(_, name)| name.as_str())
    }
}

impl Job {
    /// An operation that the server runs for somebody.
    pub fn of(asked: Asked, actor: Actor, origin: Origin) -> Self {
        let Asked { document, plans, kind, roots, variables, fingerprint, cost } = asked;
        Self {
            document,
            plans,
            kind,
            roots,
            variables,
            actor,
            token_hash: None,
            origin: Arc::new(origin),
            idempotency_key: None,
            fingerprint,
            cost,
            rate_limit: None,
        }
    }

    pub fn invocation(&self) -> Invocation<'_> {
        Invocation { document: &self.document, variables: &self.variables, plans: self.plans.as_ref() }
    }

    /// How it waits for a connection: what costs more counts as more places.
    pub fn terms(&self) -> Terms {
        // The fields of a mutation run one after the other, each with a connection of its own.
        let at_once = if self.kind == OperationType::Mutation { self.roots.len().max(1) as u64 } else { 1 };
        let weight = 1 + self.cost / at_once / COST_OF_A_PLACE;
        Terms { weight: u32::try_from(weight).unwrap_or(u32::MAX), ..Terms::default() }
    }
}

impl Parts {
    pub async fn answer(self: Arc<Self>, incoming: Incoming, caller: Caller) -> Outcome {
        let request_id = caller.request_id.clone();
        let (hash, address) = (caller.token.as_deref().map(token_hash), caller.address);
        Outcome::Answer(match Arc::clone(&self).admit(incoming, caller).await {
            Ok(outcome) => return outcome,
            Err(Refused::Error(error)) => self.refusal(&request_id, &[server_error(&error)], &error),
            Err(Refused::MutationByGet) => {
                let error = Error::new(Code::OperationNotAllowed, "a mutation must be sent by POST");
                let refusal = self.refusal(&request_id, &[server_error(&error)], &error);
                Answer { status: Status::Refused(StatusCode::METHOD_NOT_ALLOWED), ..refusal }
            }
            Err(Refused::Subscription(errors)) => self.refusal(&request_id, &errors, &listen::refusal(&errors)),
            Err(Refused::Invalid(mut errors)) => {
                // A suggestion reveals names of the schema.
                if !self.settings.development && !matches!(self.actor(hash, address).await, Ok(Actor::Person(_))) {
                    errors.iter_mut().for_each(|error| remove_suggestion(&mut error.message));
                }
                let syntax = errors.first().map(answer::code) == Some(Code::ParseFailed.as_str());
                let error = Error::new(if syntax { Code::ParseFailed } else { Code::ValidationFailed }, "");
                self.refusal(&request_id, &errors, &error)
            }
        })
    }

    /// The caller with this token.
    pub async fn actor(&self, hash: Option<[u8; 32]>, address: IpAddr) -> Result<Actor> {
        self.tokens.actor(hash, address, &self.meter).await
    }

    /// The answer to a request that is refused as a whole.
    pub fn refusal(&self, request_id: &str, errors: &[ServerError], error: &Error) -> Answer {
        Answer {
            body: answer::write(&Data::None, errors, None, request_id),
            status: Status::Refused(status(error.code())),
            cookies: Vec::new(),
            rate_limit: rate::nothing_left(error),
            retry_after: error.seconds_to_wait(),
        }
    }

    async fn admit(self: Arc<Self>, mut incoming: Incoming, caller: Caller) -> Result<Outcome, Refused> {
        let text = self.persisted.text(&mut incoming)?;
        let (hash, address) = (caller.token.as_deref().map(token_hash), caller.address);
        if let Err(refusal) = self.meter.admit(address) {
            match self.actor(hash, address).await {
                Ok(Actor::Person(person)) => self.meter.admit_person(&person)?,
                _ => return Err(refusal.into()),
            }
        }
        let document = match self.documents.read(&text, &self.settings.limits, &self.types).await {
            Ok(document) => document,
            Err(refused) => {
                let actor = self.actor(hash, address).await.unwrap_or(Actor::Nobody);
                self.meter.charge_refused(&actor, address);
                return Err(refused);
            }
        };
        self.persisted.learn(&incoming, &text);
        let actor = self.actor(hash, address).await?;
        let after = listen::last_event_id(incoming.extensions.as_ref());
        let asked = self.asked(&document, &text, incoming, caller.transport);
        let asked = asked.inspect_err(|_| self.meter.charge_refused(&actor, address))?;
        let rate_limit = self.meter.charge(&actor, address, asked.cost)?;
        let introspects = asked.roots.iter().any(|(_, name)| name.starts_with("__s") || *name == "__type");
        if introspects && !self.settings.development && matches!(actor, Actor::Nobody) {
            return Err(Error::new(Code::Unauthenticated, "please sign in to read the schema").into());
        }
        if asked.kind != OperationType::Mutation {
            // The fields of a mutation are counted one by one, as each of them may fail by itself.
            for (_, name) in &asked.roots {
                self.operation_counts.count(name, &actor, address)?.keep();
            }
        }
        let origin = Arc::new(Origin { request_id: caller.request_id, address, agent: caller.agent });
        let Asked { document, plans, kind, roots, variables, fingerprint, cost } = asked;
        let job = Job {
            document,
            plans,
            kind,
            roots,
            variables,
            actor,
            token_hash: hash,
            origin,
            idempotency_key: caller.idempotency_key,
            fingerprint,
            cost,
            rate_limit,
        };
        if kind == OperationType::Subscription {
            return Box::pin(listen::listen(self, job, after)).await;
        }
        Ok(Outcome::Answer(self.execute(job).await?))
    }

    /// What a request asks for, without its sender.
    pub fn asked(
        &self,
        document: &Document,
        text: &str,
        incoming: Incoming,
        transport: Transport,
    ) -> Result<Asked, Refused> {
        let operation = document.operation(incoming.operation_name.as_deref())?;
        let definition = operation.definition()?;
        let kind = definition.node.ty;
        if kind == OperationType::Mutation && transport == Transport::HttpGet {
            return Err(Refused::MutationByGet);
        }
        let given = incoming.variables.unwrap_or_default();
        let fingerprint = match kind {
            OperationType::Query => [0; 32],
            OperationType::Mutation => fingerprint(text, incoming.operation_name.as_deref(), &given),
            OperationType::Subscription => {
                let lasting = listen::lasting(text, &definition.node, &given);
                fingerprint(text, incoming.operation_name.as_deref(), &lasting)
            }
        };
        let variables = self.variables(&operation.parsed, definition, given)?;
        let mut parsed = Arc::clone(&operation.parsed);
        if operation.is_conditional {
            let parsed = Arc::make_mut(&mut parsed);
            merge::prune(parsed, &variables)?;
            merge::merge(parsed, &self.types);
        }
        let (cost, roots) = self.cost(&parsed, kind, &variables)?;
        let plans = (!operation.is_conditional).then(|| Arc::clone(&operation.plans));
        Ok(Asked { document: parsed, plans, kind, roots, variables, fingerprint, cost })
    }

    /// Checks the variables, all of them before any is refused. Absent ones get their defaults, which the executor
    /// ignores where a directive reads them.
    fn variables(
        &self,
        document: &ExecutableDocument,
        operation: &Positioned<OperationDefinition>,
        mut given: serde_json::Map<String, serde_json::Value>,
    ) -> Result<Variables> {
        let mut coercion = Coercion::new(&self.types, self.settings.limits.input_list);
        let mut variables = Variables::default();
        for definition in &operation.node.variable_definitions {
            let definition = &definition.node;
            let name = &definition.name.node;
            let value = match given.remove(name.as_str()) {
                Some(value) => Some(Value::from_json(value).map_err(Error::internal)?),
                None => definition.default_value.as_ref().map(|value| value.node.clone()),
            };
            match value {
                Some(value) => {
                    variables.insert(name.clone(), coercion.coerce(&definition.var_type.node, value, name));
                }
                None if definition.var_type.node.nullable => {}
                None => coercion.refuse(name, "must be given"),
            }
        }
        coercion.finish(|| arguments::of_variables(document))?;
        Ok(variables)
    }

    fn cost(
        &self,
        document: &ExecutableDocument,
        kind: OperationType,
        variables: &Variables,
    ) -> Result<(u64, Vec<(Name, Name)>)> {
        let set = &only(document)?.node.selection_set.node;
        let cost = cost::of(document, set, root_type(kind), variables, &self.types);
        let limit = self.settings.limits.cost;
        if cost > limit {
            let message = format!(
                "the operation costs {cost}, more than the limit of {limit}; ask for smaller pages or fewer edges"
            );
            return Err(Error::new(Code::TooComplex, message).limit(limit));
        }
        let roots = set.items.iter().filter_map(|selection| match &selection.node {
            Selection::Field(field) => Some((field.node.response_key().node.clone(), field.node.name.node.clone())),
            Selection::FragmentSpread(_) | Selection::InlineFragment(_) => None,
        });
        Ok((cost, roots.collect()))
    }
}

/// The name of the type that an operation's root fields belong to.
pub fn root_type(kind: OperationType) -> &'static str {
    match kind {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => "Subscription",
    }
}

fn remove_suggestion(message: &mut String) {
    if let Some(at) = message.find(" Did you mean") {
        message.truncate(at);
    }
}

fn fingerprint(text: &str, name: Option<&str>, variables: &serde_json::Map<String, serde_json::Value>) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(serde_json::json!([text, name, variables]).to_string().as_bytes());
    hash.finalize().into()
}

/// The HTTP status of a request that is refused as a whole.
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
