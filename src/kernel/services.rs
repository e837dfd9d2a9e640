//! What parts of the program share with others that must not import them, found by its type: the store of files, the sender
//! of mail.

use std::{
    any::{Any, TypeId, type_name},
    collections::HashMap,
    fmt,
    sync::Arc,
};

use super::{Error, Result};

/// Values by their types; clones share them.
#[derive(Clone, Default)]
pub struct Services(Arc<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>);

impl Services {
    /// These services and one more, which takes the place of another of its type.
    #[must_use]
    pub fn with<T: Send + Sync + 'static>(mut self, service: T) -> Self {
        Arc::make_mut(&mut self.0).insert(TypeId::of::<T>(), Arc::new(service));
        self
    }

    /// The service of a type.
    pub fn get<T: Send + Sync + 'static>(&self) -> Result<&T> {
        let found = self.0.get(&TypeId::of::<T>()).and_then(|service| service.downcast_ref());
        found.ok_or_else(|| Error::internal(format!("there is no {}", type_name::<T>())))
    }
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Services").field(&self.0.len()).finish()
    }
}
