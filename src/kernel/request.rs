//! What a resolver knows of the operation it works for.

use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::{Context, ContextSelectionSet};

use super::{
    Actor, Error, Permission, Result,
    actor::Origin,
    db::{Access, Database, Note, Scope},
    loader::Loaders,
};

/// One operation, or one field of a mutation: its scope, and where it came from.
#[derive(Debug)]
pub struct Request {
    database: Database,
    scope: Arc<Scope>,
    /// Scopes opened on the way, for somebody who has just become somebody else.
    others: Mutex<Vec<Arc<Scope>>>,
    pub origin: Arc<Origin>,
    /// The hash of the token it came with, by which its session is found.
    pub token_hash: Option<[u8; 32]>,
    /// The GraphQL field that writes, for the audit trail.
    operation: String,
    session_cookie: Mutex<Option<SessionCookie>>,
    loaders: Loaders,
}

/// What a browser is to do with the session's cookie.
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
        let note =
            (access == Access::Write).then(|| Note { operation: operation.clone(), origin: Arc::clone(&origin) });
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

    /// The set of loaders of this operation; none is shared with another.
    #[must_use]
    pub fn loaders(&self) -> &Loaders {
        &self.loaders
    }

    /// Tells the browser about its session's cookie, with the answer.
    pub fn set_session_cookie(&self, cookie: SessionCookie) {
        *self.session_cookie.lock().unwrap_or_else(PoisonError::into_inner) = Some(cookie);
    }

    #[must_use]
    pub fn session_cookie(&self) -> Option<SessionCookie> {
        self.session_cookie.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A scope to read as somebody else than who asked; it ends with the operation.
    pub fn read_as(&self, actor: Actor) -> Arc<Scope> {
        let scope = Arc::new(self.database.scope(actor, Access::Read, None));
        self.others.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&scope));
        scope
    }

    /// Works as the server itself, in a transaction of its own: it stays when the operation fails.
    pub async fn as_system<T>(&self, work: impl AsyncFnOnce(&Scope) -> Result<T>) -> Result<T> {
        let note = Note { operation: self.operation.clone(), origin: Arc::clone(&self.origin) };
        self.database.as_system(Some(note), work).await
    }

    /// Ends what only read.
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

    /// Who asks.
    fn actor(&self) -> Result<&'a Actor> {
        Ok(self.scope()?.actor())
    }
}

impl<'a> RequestOf<'a> for Context<'a> {
    fn request(&self) -> Result<&'a Request> {
        self.data_opt::<Arc<Request>>().map(AsRef::as_ref).ok_or_else(|| Error::internal("no request"))
    }
}

impl<'a> RequestOf<'a> for ContextSelectionSet<'a> {
    fn request(&self) -> Result<&'a Request> {
        self.data_opt::<Arc<Request>>().map(AsRef::as_ref).ok_or_else(|| Error::internal("no request"))
    }
}

/// A handle kept by the schema itself.
pub fn service<'a, T: Send + Sync + 'static>(ctx: &Context<'a>) -> Result<&'a T> {
    ctx.data_opt::<T>().ok_or_else(|| Error::internal(std::any::type_name::<T>()))
}
