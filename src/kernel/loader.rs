//! Batched lookups for what is not read through an entity: keys that different fields load at the same time become one
//! statement. The loaders belong to one operation and its scope; a shared one would answer one clinic with the rows of
//! another.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    fmt::Debug,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use dataloader::{BatchFn, cached::Loader};

use super::{Result, db::Scope};

/// A lookup of many keys in one statement.
pub trait LookUp: Send + Sync + 'static {
    type Key: Clone + Debug + Eq + Hash + Send + Sync + 'static;
    type Value: Clone + Send + Sync + 'static;

    /// The values by key; a key without a value is omitted.
    fn look_up(
        scope: &Scope,
        keys: &[Self::Key],
    ) -> impl Future<Output = Result<HashMap<Self::Key, Self::Value>>> + Send;
}

/// Runs a lookup for the loader. A batch cannot fail as a whole, so each value carries the failure: a failed lookup must
/// never look like one that found nothing.
pub struct Batch<L> {
    scope: Arc<Scope>,
    of: std::marker::PhantomData<fn() -> L>,
}

type Found<L> = Result<Option<<L as LookUp>::Value>>;
type Inner<L> = Loader<<L as LookUp>::Key, Found<L>, Batch<L>>;

/// A loader of one operation.
pub struct LoaderOf<L: LookUp>(Inner<L>);

impl<L: LookUp> LoaderOf<L> {
    /// The value of a key, looked up together with others that are loaded now.
    pub async fn one(&self, key: L::Key) -> Found<L> {
        self.0.load(key).await
    }
}

impl<L: LookUp> BatchFn<L::Key, Found<L>> for Batch<L> {
    async fn load(&mut self, keys: &[L::Key]) -> HashMap<L::Key, Found<L>> {
        let found = L::look_up(&self.scope, keys).await;
        let one =
            |key: &L::Key| (key.clone(), found.as_ref().map(|found| found.get(key).cloned()).map_err(Clone::clone));
        keys.iter().map(one).collect()
    }
}

/// The loaders of one operation, created on first use.
pub struct Loaders {
    scope: Arc<Scope>,
    made: Mutex<HashMap<TypeId, Box<dyn Any + Send + Sync>>>,
}

impl Debug for Loaders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loaders").finish_non_exhaustive()
    }
}

impl Loaders {
    #[must_use]
    pub fn new(scope: Arc<Scope>) -> Self {
        Self { scope, made: Mutex::default() }
    }

    /// The loader of a look-up.
    #[must_use]
    pub fn of<L: LookUp>(&self) -> LoaderOf<L> {
        let make = || {
            let batch = Batch::<L> { scope: Arc::clone(&self.scope), of: std::marker::PhantomData };
            // Yielding twice collects the keys of concurrent fields; a timer would add its delay.
            Loader::new(batch).with_yield_count(2)
        };
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let known = made.entry(TypeId::of::<L>()).or_insert_with(|| Box::new(make()));
        LoaderOf(known.downcast_ref::<Inner<L>>().cloned().unwrap_or_else(make))
    }
}
