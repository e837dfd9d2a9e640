//! Queries and mutations of access: the caller, signing in and out, and switching clinics.

use std::sync::Arc;

use async_graphql::{Context, Object, SimpleObject};
use chrono::{DateTime, Utc};

use super::{
    Sessions, Viewer, acting_clinic,
    session::{self, LASTS},
    sign_in::SignIn,
};
use crate::{
    clinic::Clinic,
    input,
    kernel::{
        Error, Id, RequestOf, Result,
        request::{SessionCookie, service},
        text::EmailAddress,
        write::Input,
    },
};

#[derive(Debug, Default)]
pub struct AccessQuery;

#[Object]
impl AccessQuery {
    /// Caller of the operation. Null if nobody is signed in.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Option<Viewer>> {
        let scope = ctx.request()?.scope();
        if scope.actor().person().is_err() {
            return Ok(None);
        }
        // Some fields come from the person as looked up earlier: the scope opens only if that still holds.
        scope.tx().await?;
        Ok(Some(Viewer::new(Arc::clone(scope))))
    }
}

input! {
    /// Credentials of a user.
    SignInInput {
        /// Email address of the user.
        email: EmailAddress,
        /// Password of the user, at most 128 characters.
        password: String,
        /// Whether to store the session in a cookie too, for a dashboard in a browser.
        in_cookie: bool = false,
    }
}

/// Result of signing in.
#[derive(SimpleObject)]
pub struct SignInPayload {
    /// Secret of the session, to be sent with each request as `Authorization: Bearer <token>`. It is shown only once.
    token: String,
    /// Time at which the session ends unless it is ended earlier.
    expires_at: DateTime<Utc>,
    /// User who signed in, and what they may do.
    viewer: Viewer,
}

/// Result of signing out.
#[derive(SimpleObject)]
pub struct SignOutPayload {
    /// Whether the session has ended; always true.
    signed_out: bool,
}

input! {
    /// Clinic to work in from now on.
    SwitchClinicInput {
        /// Clinic that the caller belongs to.
        clinic_id: Id<Clinic>,
    }
}

/// Result of switching to another clinic.
#[derive(SimpleObject)]
pub struct SwitchClinicPayload {
    /// The caller in the other clinic, and what they may do there.
    viewer: Viewer,
}

#[derive(Debug, Default)]
pub struct AccessMutation;

#[Object]
impl AccessMutation {
    /// Starts a session. An unknown email address and a wrong password are the same error, `INVALID_CREDENTIALS`. After five
    /// of them in a row the account is locked for 15 minutes for the network address they came from (`ACCOUNT_LOCKED`).
    /// Where an account is tried from many network addresses, or one network address tries many accounts, attempts have to
    /// wait (`RATE_LIMITED`).
    async fn sign_in(&self, ctx: &Context<'_>, input: Input<SignInInput>) -> Result<SignInPayload> {
        let input = input.valid()?;
        let (request, sessions) = (ctx.request()?, service::<Sessions>(ctx)?);
        let (attempts, passwords, clock) = (service(ctx)?, service(ctx)?, service(ctx)?);
        let proved =
            SignIn { request, attempts, passwords, clock }.check_password(&input.email, &input.password).await?;
        let begun = session::begin(request, sessions, proved).await?;
        if input.in_cookie {
            let cookie = SessionCookie::Keep { token: begun.token.clone(), seconds: LASTS.num_seconds() };
            request.set_session_cookie(cookie);
        }
        let viewer = Viewer::new(request.read_as(begun.actor));
        Ok(SignInPayload { token: begun.token, expires_at: begun.expires_at, viewer })
    }

    /// Ends the session of the request; its token is no longer accepted.
    async fn sign_out(&self, ctx: &Context<'_>) -> Result<SignOutPayload> {
        let (request, sessions) = (ctx.request()?, service::<Sessions>(ctx)?);
        session::end(request, sessions, ctx.actor()?.person()?).await?;
        request.set_session_cookie(SessionCookie::Forget);
        Ok(SignOutPayload { signed_out: true })
    }

    /// Switches the session to another clinic; `NOT_FOUND` if the caller does not belong to it.
    async fn switch_clinic(&self, ctx: &Context<'_>, input: Input<SwitchClinicInput>) -> Result<SwitchClinicPayload> {
        let input = input.valid()?;
        let (request, sessions) = (ctx.request()?, service::<Sessions>(ctx)?);
        let person = ctx.actor()?.person()?;
        if person.is_platform_admin {
            return Err(Error::forbidden("administrators reach every clinic and act in none"));
        }
        let clinic = input.clinic_id.uuid();
        request.as_system(async |scope| acting_clinic::switch(scope, person, clinic).await).await?;
        let hash = request.token_hash.ok_or_else(Error::unauthenticated)?;
        sessions.forget(&hash);
        let actor = sessions.actor(hash).await?;
        Ok(SwitchClinicPayload { viewer: Viewer::new(request.read_as(actor)) })
    }
}
