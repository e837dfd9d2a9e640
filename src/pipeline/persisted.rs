//! Documents known by their hash: automatic persisted queries, which clients register as they go, and the operator's
//! manifest of trusted documents, to which the server can be restricted.

use std::{collections::HashMap, path::Path, sync::Arc};

use moka::sync::Cache;
use sha2::{Digest, Sha256};

use crate::{
    kernel::{Code, Error, Result, hex::hex},
    server::contract::Incoming,
};

/// Documents by their hash: SHA-256 of the text, in hexadecimal.
#[derive(Debug, Clone, Default)]
pub struct Manifest(Arc<HashMap<String, Arc<str>>>);

impl Manifest {
    /// Reads a JSON object from hash to text.
    pub fn read(file: &Path) -> Result<Self> {
        let named = |error: String| Error::internal(format!("{}: {error}", file.display()));
        let text = std::fs::read_to_string(file).map_err(|error| named(error.to_string()))?;
        let manifest: HashMap<String, Arc<str>> =
            serde_json::from_str(&text).map_err(|error| named(error.to_string()))?;
        match manifest.iter().find(|(hash, text)| **hash != hash_of(text)) {
            Some((hash, _)) => Err(named(format!("{hash} is not the SHA-256 of its document"))),
            None => Ok(Self(Arc::new(manifest))),
        }
    }

    fn get(&self, hash: &str) -> Option<Arc<str>> {
        self.0.get(hash).cloned()
    }
}

impl<const N: usize> From<[&str; N]> for Manifest {
    fn from(documents: [&str; N]) -> Self {
        Self(Arc::new(documents.into_iter().map(|text| (hash_of(text), Arc::from(text))).collect()))
    }
}

/// Which documents are run.
#[derive(Debug, Clone)]
pub enum Operations {
    /// Every valid one; those of the manifest are known by their hash from the start.
    Any(Manifest),
    /// Only the ones of the manifest.
    Trusted(Manifest),
}

impl Default for Operations {
    fn default() -> Self {
        Self::Any(Manifest::default())
    }
}

/// Finds the text of a request's document.
pub struct Persisted {
    operations: Operations,
    registered: Cache<String, Arc<str>>,
}

impl Persisted {
    #[must_use]
    pub fn new(operations: Operations) -> Self {
        let weigh = |_: &String, text: &Arc<str>| u32::try_from(text.len()).unwrap_or(u32::MAX);
        Self { operations, registered: Cache::builder().weigher(weigh).max_capacity(8 * 1024 * 1024).build() }
    }

    /// The text of the document, by itself or by its hash.
    pub fn text(&self, incoming: &mut Incoming) -> Result<Arc<str>> {
        let given = incoming.query.take().filter(|text| !text.is_empty());
        let hash = incoming
            .extensions
            .as_ref()
            .and_then(|extensions| extensions.get("persistedQuery")?.get("sha256Hash")?.as_str());
        let text = match (given, hash) {
            (Some(text), Some(hash)) if hash_of(&text) != hash => {
                return Err(Error::invalid(
                    "extensions.persistedQuery.sha256Hash",
                    "must be the SHA-256 of the document in hexadecimal",
                ));
            }
            (Some(text), _) => Arc::from(text),
            (None, Some(hash)) => self.known(hash)?,
            (None, None) => return Err(Error::new(Code::ParseFailed, "`query` must hold a document")),
        };
        match &self.operations {
            Operations::Trusted(manifest) if manifest.get(&hash_of(&text)).is_none() => {
                Err(Error::new(Code::OperationNotAllowed, "this server runs trusted operations only"))
            }
            _ => Ok(text),
        }
    }

    fn known(&self, hash: &str) -> Result<Arc<str>> {
        let known = match &self.operations {
            Operations::Any(manifest) => manifest.get(hash).or_else(|| self.registered.get(hash)),
            Operations::Trusted(manifest) => manifest.get(hash),
        };
        // Clients recognise this exact message and send the text along.
        known.ok_or_else(|| Error::new(Code::PersistedQueryNotFound, "PersistedQueryNotFound"))
    }

    /// Registers a valid document that was sent with its hash.
    pub fn learn(&self, incoming: &Incoming, text: &Arc<str>) {
        let has_hash = incoming.extensions.as_ref().is_some_and(|extensions| extensions.contains_key("persistedQuery"));
        if has_hash && matches!(self.operations, Operations::Any(_)) {
            self.registered.insert(hash_of(text), Arc::clone(text));
        }
    }
}

/// The hash by which a document is known.
fn hash_of(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}
