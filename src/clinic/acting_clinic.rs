//! The clinic that a mutation concerns.

use async_graphql::{Value, registry::Registry};

use super::Clinic;
use crate::kernel::{
    Error, Id, Result,
    db::Scope,
    error::Problems,
    write::{Field, Stored},
};

/// Clinic that a mutation concerns: the one that the caller works in, or the one that an administrator names.
#[derive(Debug, Clone, Copy)]
pub struct ActingClinic(Option<Id<Clinic>>);

impl ActingClinic {
    /// The clinic that an input names with a field of its own.
    #[must_use]
    pub fn of(named: Option<Id<Clinic>>) -> Self {
        Self(named)
    }

    /// `NOT_FOUND` for a clinic that the caller may not know of.
    pub async fn resolve(self, scope: &Scope) -> Result<Id<Clinic>> {
        match (scope.actor().clinic_id().map(Id::from_uuid), self.0) {
            (Some(acting), Some(named)) if acting != named => Err(Error::not_found("clinic")),
            (Some(acting), _) => Ok(acting),
            (None, None) => Err(Error::invalid("input.clinicId", "administrators must name the clinic")),
            (None, Some(named)) => match Clinic::find(scope, named).await? {
                Some(clinic) => Ok(clinic.id),
                None => Err(Error::not_found("clinic")),
            },
        }
    }
}

impl Field for ActingClinic {
    fn type_name(registry: &mut Registry) -> String {
        <Option<Id<Clinic>> as Field>::type_name(registry)
    }

    fn bounds() -> Option<String> {
        Some("Clinic concerned. Administrators of the platform must name it; others may leave it out, as it can only be the clinic they work in.".to_owned())
    }

    fn read(value: Option<Value>, path: &str, problems: &mut Problems) -> Option<Self> {
        <Option<Id<Clinic>> as Field>::read(value, path, problems).map(Self)
    }
}
