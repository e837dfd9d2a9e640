//! Passwords, hashed with argon2id on threads that answer no requests. Few are hashed at once, as each takes 19 MiB
//! (`hashing_queue.rs`).

use std::net::IpAddr;

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version, password_hash::phc::PasswordHash};

use super::hashing_queue::{HashingQueue, Turn};
use crate::kernel::{Error, Result, actor::network};

/// Longer passwords are refused before they are hashed.
pub const LONGEST: usize = 128;

/// Hashes and checks passwords.
#[derive(Debug, Clone)]
pub struct Passwords(HashingQueue);

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
        Self(HashingQueue::new(at_once, queue))
    }

    /// The hash of a password, to be stored. For the server itself, which waits like a network address.
    pub async fn hash(&self, password: &str) -> Result<String> {
        let _turn = self.0.turn(None).await?;
        let password = password.to_owned();
        work(move || hash(&password)).await?
    }

    /// Waits until it is the turn of a network address, for all who call from there.
    pub async fn turn_of(&self, address: IpAddr) -> Result<Turn> {
        self.0.turn(Some(network(address))).await
    }

    /// Whether the password is the one of the hash; without a hash it takes as long, and is not.
    pub async fn verify(&self, _turn: &Turn, password: &str, known: Option<String>) -> Result<bool> {
        let is_known = known.is_some();
        let known = known.unwrap_or_else(placeholder);
        let password = password.to_owned();
        let right = work(move || {
            let known = PasswordHash::new(&known).map_err(|error| Error::internal(error.to_string()))?;
            Ok::<_, Error>(argon2()?.verify_password(password.as_bytes(), &known).is_ok())
        });
        Ok(right.await?? && is_known)
    }
}

async fn work<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)
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
