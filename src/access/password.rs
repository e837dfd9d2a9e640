//! Passwords, hashed with argon2id on threads that answer no requests. Few are hashed at once (each takes 19 MiB), a short
//! queue waits, and requests beyond it are refused with the advice to try again.

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
}

/// KiB of memory, passes, and lanes.
const COST: (u32, u32, u32) = (19_456, 2, 1);

fn argon2() -> Result<Argon2<'static>> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).map_err(|error| Error::internal(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &str) -> Result<String> {
    let hashed = argon2()?.hash_password(password.as_bytes()).map_err(|error| Error::internal(error.to_string()))?;
    Ok(hashed.to_string())
}

/// Hash that no password has. It is checked if there is no user, so that the duration of an answer does not show that.
/// Written as text, since computing it takes 19 MiB of memory that an idle server would retain.
fn placeholder() -> String {
    let (memory, passes, lanes) = COST;
    format!("$argon2id$v=19$m={memory},t={passes},p={lanes}${}${}", "A".repeat(22), "A".repeat(43))
}

impl Passwords {
    /// At most `at_once` are hashed together, and at most `queue` wait.
    #[must_use]
    pub fn new(at_once: usize, queue: usize) -> Self {
        Self(Arc::new(Inner { running: Semaphore::new(at_once), waiting: AtomicUsize::new(0), queue }))
    }

    /// The hash of a password, to be stored.
    pub async fn hash(&self, password: &str) -> Result<String> {
        let password = password.to_owned();
        self.work(move || hash(&password)).await?
    }

    /// Whether the password is the one of the hash; without a hash it takes as long, and is not.
    pub async fn verify(&self, password: &str, known: Option<String>) -> Result<bool> {
        let is_known = known.is_some();
        let known = known.unwrap_or_else(placeholder);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_placeholder_takes_as_long_to_check_as_a_real_hash() {
        let (placeholder, real) = (placeholder(), hash("right").unwrap());
        let [placeholder, real] = [&placeholder, &real].map(|known| PasswordHash::new(known).unwrap());
        assert_eq!((placeholder.algorithm, placeholder.version), (real.algorithm, real.version));
        assert_eq!(placeholder.params.to_string(), real.params.to_string());
        let length = |known: &PasswordHash| known.hash.map(|hash| hash.len());
        assert_eq!(length(&placeholder), length(&real));
        assert!(argon2().unwrap().verify_password(b"", &placeholder).is_err());
    }
}
