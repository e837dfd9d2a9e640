//! What a resolver knows about the operation that it belongs to.

use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::{Context, ContextSelectionSet};
use uuid::Uuid;

use super::{
    Actor, Error, Permission, Result,
    actor::Origin,
    db::{Access, Behalf, Database, Note, Party, Scope, Terms},
    loader::Loaders,
};

/// One operation, or one field of a mutation: its scope and its origin.
#[derive(Debug)]
pub struct Request {
    database: Database,
    scope: Arc<Scope>,
    /// Further scopes, for a caller who has just signed in or changed clinic.
    others: Mutex<Vec<Arc<Scope>>>,
    pub origin: Arc<Origin>,
    /// The hash of the caller's token, by which the session is found.
    pub token_hash: Option<[u8; 32]>,
    /// The GraphQL field that writes, for the audit trail.
    operation: String,
    session_cookie: Mutex<Option<SessionCookie>>,
    loaders: Loaders,
}

/// A change of the session cookie in the browser.
#[derive(Debug, Clone)]
pub enum SessionCookie {
    Keep { token: String, seconds: i64 },
    Forget,
}

impl Request {
    #[must_use]
    pub fn new(
        database: Database,
        actor: Actor,
        access: Access,
        operation: String,
        origin: Arc<Origin>,
        token_hash: Option<[u8; 32]>,
    ) -> Self {
        let note = (access == Access::Write)
            .then(|| Note::Request { operation: operation.clone(), origin: Arc::clone(&origin) });
        let scope = Arc::new(database.scope(actor, access, note));
        let loaders = Loaders::new(Arc::clone(&scope));
        Self {
            database,
            scope,
            others: Mutex::default(),
            origin,
            token_hash,
            operation,
            session_cookie: Mutex::default(),
            loaders,
        }
    }

    #[must_use]
    pub fn scope(&self) -> &Arc<Scope> {
        &self.scope
    }

    /// The loaders of this operation, which are never shared with another.
    #[must_use]
    pub fn loaders(&self) -> &Loaders {
        &self.loaders
    }

    /// Sets or removes the session cookie in the browser, with the answer.
    pub fn set_session_cookie(&self, cookie: SessionCookie) {
        *self.session_cookie.lock().unwrap_or_else(PoisonError::into_inner) = Some(cookie);
    }

    #[must_use]
    pub fn session_cookie(&self) -> Option<SessionCookie> {
        self.session_cookie.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A scope that reads as another actor; it ends with the operation.
    pub fn read_as(&self, actor: Actor) -> Arc<Scope> {
        let database = self.database.on_terms(Terms { weight: 0, ..Terms::default() });
        let scope = Arc::new(database.scope(actor, Access::Read, None));
        self.others.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&scope));
        scope
    }

    /// Works as the server itself, in a separate transaction that stays when the operation fails. If the caller is
    /// signed in, it opens only if their session and user are valid.
    pub async fn as_system<T>(&self, work: impl AsyncFnOnce(&Scope) -> Result<T>) -> Result<T> {
        let behalf = match self.scope.actor() {
            Actor::Person(person) => Behalf::Caller(Arc::clone(person)),
            Actor::Nobody | Actor::System | Actor::Job(_) => Behalf::Nobody,
        };
        self.works_for(behalf, work).await
    }

    /// The same for a user who has just proved who they are, whatever the caller is.
    pub async fn as_system_for<T>(
        &self,
        user: Uuid,
        email: &str,
        work: impl AsyncFnOnce(&Scope) -> Result<T>,
    ) -> Result<T> {
        self.works_for(Behalf::User { id: user, email: email.to_owned() }, work).await
    }

    async fn works_for<T>(&self, behalf: Behalf, work: impl AsyncFnOnce(&Scope) -> Result<T>) -> Result<T> {
        let note = Note::Request { operation: self.operation.clone(), origin: Arc::clone(&self.origin) };
        let party = Party::of(self.scope.actor(), self.origin.address);
        self.database.on_behalf_of(party).as_system_for(behalf, Some(note), work).await
    }

    /// Ends the further scopes, which only read.
    pub fn finish_others(&self) {
        for scope in self.others.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            scope.finish();
        }
    }
}

/// The operation, from a resolver's context.
pub trait RequestOf<'a> {
    fn request(&self) -> Result<&'a Request>;

    fn scope(&self) -> Result<&'a Scope> {
        Ok(self.request()?.scope())
    }

    /// The scope of a caller who has the permission; else `UNAUTHENTICATED` or `FORBIDDEN`.
    fn permitted(&self, permission: Permission) -> Result<&'a Scope> {
        let scope = self.scope()?;
        scope.actor().require(permission)?;
        Ok(scope)
    }

    /// The actor who sent the operation.
    fn actor(&self) -> Result<&'a Actor> {
        Ok(self.scope()?.actor())
    }
}

impl<'a> RequestOf<'a> for Context<'a> {
    fn request(&self) -> Result<&'a Request> {
        self.data_opt::<Arc<Request>>()
            .map(AsRef::as_ref)
            .ok_or_else(|| Error::internal("there is no request in the context"))
    }
}

impl<'a> RequestOf<'a> for ContextSelectionSet<'a> {
    fn request(&self) -> Result<&'a Request> {
        self.data_opt::<Arc<Request>>()
            .map(AsRef::as_ref)
            .ok_or_else(|| Error::internal("there is no request in the context"))
    }
}

/// A value that belongs to the schema.
pub fn service<'a, T: Send + Sync + 'static>(ctx: &Context<'a>) -> Result<&'a T> {
    ctx.data_opt::<T>().ok_or_else(|| Error::internal(std::any::type_name::<T>()))
}
