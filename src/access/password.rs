//! Passwords: argon2id, away from the threads that answer requests. Few are hashed at once (each takes 19 MiB), a
//! short queue waits, and what comes beyond it is told to try again instead of piling up.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version, password_hash::phc::PasswordHash};
use tokio::sync::Semaphore;

use crate::kernel::{Code, Error, Result};

/// Longer passwords are refused before they are hashed.
pub const LONGEST: usize = 128;

/// Hashes and checks passwords.
#[derive(Debug, Clone)]
pub struct Passwords(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    running: Semaphore,
    waiting: AtomicUsize,
    queue: usize,
    /// Checked where there is no user, so that a stranger cannot tell by the time it takes.
    nobodys: String,
}

fn argon2() -> Result<Argon2<'static>> {
    let params = Params::new(19_456, 2, 1, None).map_err(|error| Error::internal(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &str) -> Result<String> {
    let hashed = argon2()?.hash_password(password.as_bytes()).map_err(|error| Error::internal(error.to_string()))?;
    Ok(hashed.to_string())
}

impl Passwords {
    /// At most `at_once` are hashed together, and at most `queue` wait.
    pub fn new(at_once: usize, queue: usize) -> Result<Self> {
        let inner =
            Inner { running: Semaphore::new(at_once), waiting: AtomicUsize::new(0), queue, nobodys: hash("nobody's")? };
        Ok(Self(Arc::new(inner)))
    }

    /// The hash to keep of a password.
    pub async fn hash(&self, password: &str) -> Result<String> {
        let password = password.to_owned();
        self.work(move || hash(&password)).await?
    }

    /// Whether the password is the one of the hash; without a hash it takes as long, and is not.
    pub async fn verify(&self, password: &str, known: Option<String>) -> Result<bool> {
        let is_known = known.is_some();
        let known = known.unwrap_or_else(|| self.0.nobodys.clone());
        let password = password.to_owned();
        let right = self
            .work(move || {
                let known = PasswordHash::new(&known).map_err(|error| Error::internal(error.to_string()))?;
                Ok::<_, Error>(argon2()?.verify_password(password.as_bytes(), &known).is_ok())
            })
            .await??;
        Ok(right && is_known)
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let inner = &self.0;
        let _place = Place::take(inner)?;
        let _permit = inner.running.acquire().await.map_err(Error::internal)?;
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)
    }
}

/// A place in the queue, given back also when the caller goes away.
struct Place<'a>(&'a Inner);

impl<'a> Place<'a> {
    fn take(inner: &'a Inner) -> Result<Self> {
        let place = Self(inner);
        if inner.waiting.fetch_add(1, Ordering::AcqRel) >= inner.queue {
            return Err(Error::new(Code::RateLimited, "too many people sign in at this moment; please try again")
                .retry_after(2));
        }
        Ok(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}
