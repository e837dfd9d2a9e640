//! Mutations: the root fields run one after the other, each in a transaction of its own. A field that fails is null with
//! its error and is rolled back alone; the fields behind it still run.

use std::sync::Arc;

use async_graphql::{Name, PathSegment, ServerError, Value};
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::{
    Parts,
    admit::Job,
    answer::{self, Data},
    run::{Executed, guarded, timed_out},
};
use crate::{
    kernel::{
        Actor, Code, Error, Result,
        actor::Person,
        db::{Access, Scope},
        idempotency, refusals,
        request::{Request, SessionCookie},
    },
    server::contract::SESSION_COOKIE,
};

impl Parts {
    /// Runs the fields in order. `Err` refuses the caller as a whole: their first field was refused by the database, so
    /// nothing was done.
    pub async fn run_mutation(&self, job: &Job, deadline: Instant) -> Result<Executed> {
        let mut fields = Vec::with_capacity(job.roots.len());
        let mut whole = Executed::default();
        for (place, (key, name)) in job.roots.iter().enumerate() {
            let field = if Instant::now() < deadline {
                match guarded(deadline, self.run_field(job, place, name)).await {
                    Ok(field) => field,
                    Err(refusal) if place == 0 => return Err(refusal),
                    Err(refusal) => Executed::failed(&refusal),
                }
            } else {
                Executed::failed(&timed_out())
            };
            whole.sql_count += field.sql_count;
            whole.cookies.extend(field.cookies);
            whole.errors.extend(field.errors.into_iter().map(|error| below(key, error)));
            match field.data {
                Data::Fields(field) => fields.extend(field),
                Data::None | Data::Null => fields.push((key.clone(), Value::Null)),
            }
        }
        Ok(Executed { data: Data::Fields(fields), ..whole })
    }

    /// Runs one field in a transaction: committed when it has data, rolled back otherwise.
    async fn run_field(&self, job: &Job, place: usize, name: &Name) -> Result<Executed> {
        if matches!(job.actor, Actor::Nobody) && !self.operation_counts.is_anonymous(name) && *name != "__typename" {
            return Ok(Executed::failed(&Error::unauthenticated()));
        }
        let counted = match self.operation_counts.count(name, &job.actor, job.origin.address) {
            Ok(counted) => counted,
            Err(error) => return Ok(Executed::failed(&error)),
        };
        let request = Arc::new(Request::new(
            self.database.on_terms(job.terms()),
            job.actor.clone(),
            Access::Write,
            name.to_string(),
            Arc::clone(&job.origin),
            job.token_hash,
        ));
        let scope = Arc::clone(request.scope());
        let resolved = self.resolve_field(job, place, &request).await;
        request.finish_others();
        match resolved {
            Ok(done) if matches!(done.data, Data::Fields(_)) => match scope.commit().await {
                Ok(()) => {
                    if !done.is_repeated {
                        counted.keep();
                    }
                    Ok(done)
                }
                Err(error) => Ok(Executed { sql_count: done.sql_count, ..Executed::failed(&error) }),
            },
            Ok(failed) => {
                // A permission that was refused before any statement was refused to the caller as looked up earlier.
                let forbidden = failed.errors.iter().find(|error| answer::code(error) == Code::Forbidden.as_str());
                if forbidden.is_some() {
                    drop(scope.check().await);
                }
                // Or by what the server did for them.
                let refusal = scope.refusal().await.or_else(|| refusal_among(&failed.errors));
                scope.roll_back().await;
                if let Some(refusal) = refusal {
                    return Err(refusal);
                }
                if let Some(forbidden) = forbidden {
                    self.write_forbidden(&request, name, forbidden).await;
                }
                Ok(failed)
            }
            Err(error) => {
                let refusal = scope.refusal().await;
                scope.roll_back().await;
                refusal.map_or_else(|| Ok(Executed::failed(&error)), Err)
            }
        }
    }

    /// Writes into the audit trail that a mutation was refused for want of a permission.
    async fn write_forbidden(&self, request: &Request, mutation: &Name, forbidden: &ServerError) {
        let Ok(person) = request.scope().actor().person() else { return };
        if !self.refused_mutations.is_first(person, mutation) {
            return;
        }
        let written = async |scope: &Scope| refusals::mutation_refused(scope, person, &forbidden.message).await;
        if let Err(error) = request.as_system(written).await {
            tracing::warn!(%error, mutation = mutation.as_str(), "a refusal could not be written into the audit trail");
        }
    }

    /// Resolves one field, or repeats the answer stored under its idempotency key.
    async fn resolve_field(&self, job: &Job, place: usize, request: &Arc<Request>) -> Result<Executed> {
        let key = match (&job.idempotency_key, &job.actor) {
            (Some(key), Actor::Person(person)) => Some(idempotency::Key {
                user_id: person.user_id,
                key: format!("{key}#{place}"),
                request_hash: for_caller(job.fingerprint, person),
            }),
            _ => None,
        };
        if let Some(key) = &key
            && let Some(stored) = key.claim(request.scope(), &self.ring, self.clock.now()).await?
        {
            let (field, errors) =
                answer::from_stored(&stored).ok_or_else(|| Error::internal("a stored answer cannot be read"))?;
            return Ok(Executed {
                data: Data::Fields(vec![field]),
                errors,
                sql_count: request.scope().sent(),
                cookies: Vec::new(),
                is_repeated: true,
            });
        }
        let resolved = self.executor.mutation(job.invocation(), place, request).await?;
        let (data, errors) = self.data(job, resolved);
        let sql_count = request.scope().sent();
        let field = match data {
            Data::Fields(fields) => fields.into_iter().next().filter(|(_, value)| errors.is_empty() || !is_null(value)),
            Data::None | Data::Null => None,
        };
        let Some(field) = field else {
            return Ok(Executed { data: Data::Null, errors, sql_count, ..Executed::default() });
        };
        request.scope().write_events().await?;
        let cookies = request.session_cookie().iter().map(cookie).collect();
        let sql_count = request.scope().sent();
        if let Some(key) = &key {
            key.store(request.scope(), &self.ring, &answer::to_stored(&field, &errors)).await?;
        }
        Ok(Executed { data: Data::Fields(vec![field]), errors, sql_count, cookies, is_repeated: false })
    }
}

/// Why the database refused to open what the server did for the caller, if that is why a field failed.
fn refusal_among(errors: &[ServerError]) -> Option<Error> {
    errors.iter().find_map(|error| error.source::<Error>().filter(|error| error.refuses_caller()).cloned())
}

/// An error with its path: one that arose around the resolver is the field's.
fn below(key: &Name, mut error: ServerError) -> ServerError {
    if error.path.is_empty() {
        error.path.push(PathSegment::Field(key.to_string()));
    }
    error
}

fn is_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Binary(json) => json.as_ref() == b"null",
        _ => false,
    }
}

/// The `Set-Cookie` value for a session's cookie.
fn cookie(cookie: &SessionCookie) -> String {
    let (value, seconds) = match cookie {
        SessionCookie::Keep { token, seconds } => (token.as_str(), *seconds),
        SessionCookie::Forget => ("", 0),
    };
    format!("{SESSION_COOKIE}={value}; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age={seconds}")
}

/// The same document is another request in another clinic, and for who has another role or other permissions there: an answer
/// must not be repeated to who might not get it any more.
fn for_caller(fingerprint: [u8; 32], person: &Arc<Person>) -> [u8; 32] {
    let (clinic, role) = person.acting.map(|(clinic, role)| (clinic, role.text())).unzip();
    let permissions: Vec<_> = Actor::Person(Arc::clone(person)).permissions().iter().map(|one| one.name()).collect();
    let rights = [role.unwrap_or_default(), &permissions.join(" ")].join("\0");
    let hash = Sha256::new().chain_update(fingerprint).chain_update(clinic.unwrap_or_default().as_bytes());
    hash.chain_update(rights).finalize().into()
}
