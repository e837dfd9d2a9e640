//! References to an object of any kind: one column names the kind, as the prefix of an id does, and another holds the id.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_graphql::{ContextSelectionSet, Pos, Positioned, parser::types::Field};

use super::{Def, camel, plan::Level, selection::Group};

/// Every kind of object that an id can name, by the prefix of its ids. The kernel knows no entity: the schema brings
/// this as data.
#[derive(Debug)]
pub struct Kinds(HashMap<&'static str, &'static Def>);

impl Kinds {
    #[must_use]
    pub fn new(entities: impl IntoIterator<Item = &'static Def>) -> Self {
        Self(entities.into_iter().map(|def| (def.prefix, def)).collect())
    }

    #[must_use]
    pub fn get(&self, prefix: &str) -> Option<&'static Def> {
        self.0.get(prefix).copied()
    }
}

/// A field that leads to an object of any kind.
#[derive(Debug)]
pub struct Reference {
    pub name: String,
    pub description: &'static str,
    /// The column with the kind.
    pub kind: &'static str,
    /// The column with the id.
    pub id: &'static str,
}

impl Reference {
    #[must_use]
    pub fn new(name: &str, description: &'static str, kind: &'static str, id: &'static str) -> Self {
        Self { name: camel(name), description, kind, id }
    }
}

/// What is selected of an object of any kind. Which kinds come is known only when rows are there, so each kind is planned
/// when it is first met.
pub(super) struct AnyKind {
    pub key: String,
    pub pos: Pos,
    fields: Vec<Positioned<Field>>,
    levels: Mutex<HashMap<&'static str, Arc<Level>>>,
}

impl AnyKind {
    pub fn new(group: &Group<'_>) -> Self {
        Self {
            key: group.key.to_owned(),
            pos: group.fields[0].pos,
            fields: group.fields.iter().map(|field| (*field).clone()).collect(),
            levels: Mutex::default(),
        }
    }

    /// What the objects of one kind take.
    pub fn level(&self, ctx: &ContextSelectionSet<'_>, def: &'static Def) -> Arc<Level> {
        let mut levels = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
        let level = levels.entry(def.prefix).or_insert_with(|| {
            let group = Group { key: &self.key, fields: self.fields.iter().collect() };
            Arc::new(Level::new(ctx, def, &group.below(ctx, def.type_name), &["id"], true))
        });
        Arc::clone(level)
    }
}
