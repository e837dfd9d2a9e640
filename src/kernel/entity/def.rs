//! What a declaration makes: columns, edges, and what else can be read of an entity.

use std::collections::HashMap;

use async_graphql::{
    OutputType, ServerResult,
    registry::{MetaInputValue, Registry},
};

use super::{
    cell::{Cell, JsonShape},
    computed::{Rule, WriteJson},
};
use crate::kernel::{
    actor::{Actor, Permission},
    ids::Kind,
    page::{PageSpec, Sort},
};

/// What can be read through a declaration.
pub trait Entity: Kind + Send + Sync {
    fn def() -> &'static Def;
}

/// The definition that a declaration makes.
#[derive(Debug)]
pub struct Def {
    pub type_name: &'static str,
    pub description: &'static str,
    pub prefix: &'static str,
    pub table: &'static str,
    /// The column that holds the tenant. A list adds it as a filter so that an index can serve it; isolation does not
    /// depend on that, but on the policy.
    pub tenant: Option<&'static str>,
    /// Whether rows of the platform, which have the nil UUID for a clinic, are read by every clinic as if they were theirs.
    pub shared: bool,
    /// SQL that holds for rows not deleted; lists and look-ups by id apply it, edges to one do not: a message still
    /// has its author when that person has left.
    pub live: Option<&'static str>,
    /// Permission that reading the entity needs.
    pub read: Option<Permission>,
    /// The column that names the kind of object which a row is about: who may not read that kind does not see the row.
    pub about: Option<&'static str>,
    pub columns: Vec<Column>,
    pub computed: Vec<Computed>,
    pub edges: Vec<Edge>,
    pub references: Vec<Reference>,
    /// Constraints whose violation is reported as an error of the input.
    pub unique: Vec<Unique>,
    pub(super) members: HashMap<String, Member>,
}

/// A field of the type, found by its name.
#[derive(Debug, Clone, Copy)]
pub(super) enum Member {
    Column(usize),
    Computed(usize),
    Edge(usize),
    Reference(usize),
}

/// A field whose value is in the row itself.
#[derive(Debug)]
pub struct Column {
    pub name: String,
    pub description: &'static str,
    /// The column's name, or an SQL expression over the row.
    pub sql: &'static str,
    /// Writes Postgres' bytes as JSON.
    pub write: fn(&[u8], &mut Vec<u8>),
    /// Who may read the field; for others it is null, and the column is not selected.
    pub read: Option<Guard>,
    /// Of objects in json: what can be selected below.
    pub below: fn() -> Option<JsonShape>,
    /// Makes the GraphQL type known and returns its qualified name.
    pub register: fn(&mut Registry) -> String,
}

impl Column {
    #[must_use]
    pub fn of<T: Cell>(name: &str, sql: &'static str, description: &'static str) -> Self {
        Self {
            name: camel(name),
            description,
            sql,
            read: None,
            write: T::write,
            below: T::below,
            register: T::register,
        }
    }

    /// Only for callers with this permission.
    #[must_use]
    pub fn read_with(self, permission: Permission) -> Self {
        Self { read: Some(Guard { permission, own: None }), ..self }
    }

    /// And for the user whose id this column of the row holds.
    #[must_use]
    pub fn or_own(self, own: &'static str) -> Self {
        Self { read: self.read.map(|guard| Guard { own: Some(own), ..guard }), ..self }
    }
}

/// Who may read a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guard {
    /// Those with this permission…
    pub permission: Permission,
    /// …and the user whose id this column holds.
    pub own: Option<&'static str>,
}

/// A field that leads to other rows.
#[derive(Debug)]
pub struct Edge {
    pub name: String,
    pub description: &'static str,
    pub to: fn() -> &'static Def,
    pub kind: EdgeKind,
}

impl Edge {
    #[must_use]
    pub fn of<E: Entity>(name: &str, description: &'static str, kind: EdgeKind) -> Self {
        Self { name: camel(name), description, to: E::def, kind }
    }

    /// To an object over the same row.
    #[must_use]
    pub fn part(
        name: &str,
        description: &'static str,
        to: fn() -> &'static Def,
        present: Option<&'static str>,
    ) -> Self {
        Self { name: camel(name), description, to, kind: EdgeKind::Part { present } }
    }
}

/// A field that a rule computes (`computed.rs`).
#[derive(Debug)]
pub struct Computed {
    pub name: String,
    pub description: &'static str,
    /// The columns that the rule needs; they are selected only where the field is.
    pub columns: &'static [&'static str],
    pub write: Rule,
    /// Makes the GraphQL type known and returns its qualified name.
    pub register: fn(&mut Registry) -> String,
}

impl Computed {
    #[must_use]
    pub fn of<T: OutputType + WriteJson>(
        name: &str,
        description: &'static str,
        columns: &'static [&'static str],
        write: Rule,
    ) -> Self {
        Self { name: camel(name), description, columns, write, register: T::create_type_info }
    }
}

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

    /// The prefixes of the kinds that an actor may read.
    #[must_use]
    pub fn readable(&self, actor: &Actor) -> Vec<&'static str> {
        let may = |def: &&&'static Def| def.read.is_none_or(|permission| actor.may(permission));
        let mut readable: Vec<_> = self.0.values().filter(may).map(|def| def.prefix).collect();
        readable.sort_unstable();
        readable
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

/// How an edge finds its rows.
#[derive(Debug, Clone, Copy)]
pub enum EdgeKind {
    /// This row's column holds the other's id.
    One { column: &'static str, nullable: bool },
    /// The other's column holds this row's id, once at most.
    Own { column: &'static str, nullable: bool },
    /// The other's column holds this row's id; a short list, whole.
    All { column: &'static str, order: &'static str },
    /// The other's column holds this row's id; a connection.
    Page { column: &'static str, list: List },
    /// The very same row: some of its columns, as an object of their own without an id. With `present`, null where
    /// that column is.
    Part { present: Option<&'static str> },
}

/// An argument of a field, or a field of an input, as the schema shows it.
pub type Argument = MetaInputValue;

/// The arguments of a connection.
#[derive(Debug, Clone, Copy)]
pub struct List {
    /// The arguments beside `first`, `after`, `last` and `before`.
    pub arguments: fn(&mut Registry) -> Vec<Argument>,
    /// Reads all arguments.
    pub read: for<'a> fn(&async_graphql::Context<'a>) -> ServerResult<PageSpec>,
}

/// An order that a connection always has.
pub trait FixedOrder {
    type Of: Entity;
    const SORT: Sort;
}

impl Def {
    /// Makes the fields findable; `declare.rs` calls it last.
    #[must_use]
    pub fn finish(mut self) -> Self {
        let columns = self.columns.iter().enumerate().map(|(at, column)| (column.name.clone(), Member::Column(at)));
        let computed = self.computed.iter().enumerate().map(|(at, field)| (field.name.clone(), Member::Computed(at)));
        let edges = self.edges.iter().enumerate().map(|(at, edge)| (edge.name.clone(), Member::Edge(at)));
        let references = self.references.iter().enumerate().map(|(at, one)| (one.name.clone(), Member::Reference(at)));
        self.members = columns.chain(computed).chain(edges).chain(references).collect();
        self
    }

    #[must_use]
    pub fn unfinished(
        type_name: &'static str,
        prefix: &'static str,
        table: &'static str,
        description: &'static str,
    ) -> Self {
        Self {
            type_name,
            description,
            prefix,
            table,
            tenant: None,
            shared: false,
            live: None,
            read: None,
            about: None,
            columns: Vec::new(),
            computed: Vec::new(),
            edges: Vec::new(),
            references: Vec::new(),
            unique: Vec::new(),
            members: HashMap::new(),
        }
    }
}

/// A unique constraint, as its violation is reported.
#[derive(Debug)]
pub struct Unique {
    pub constraint: &'static str,
    /// The column that the caller can change.
    pub field: &'static str,
    pub message: &'static str,
}

impl Def {
    /// What the entity is called in messages: `clinic closure`.
    #[must_use]
    pub fn noun(&self) -> String {
        self.prefix.replace('_', " ")
    }

    /// The fields of the API that come from any of these columns, in the order of the declaration. Computed fields are not
    /// among them: they depend on the caller too.
    #[must_use]
    pub fn fields_of(&'static self, columns: &[&str]) -> Vec<&'static str> {
        let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let uses = |sql: &str| sql.split(|letter| !is_word(letter)).any(|word| columns.contains(&word));
        let own = self.columns.iter().filter(|column| uses(column.sql)).map(|column| column.name.as_str());
        let edges = self.edges.iter().filter(|edge| match edge.kind {
            EdgeKind::One { column, .. } => columns.contains(&column),
            EdgeKind::Part { .. } => !(edge.to)().fields_of(columns).is_empty(),
            EdgeKind::Own { .. } | EdgeKind::All { .. } | EdgeKind::Page { .. } => false,
        });
        let references = self.references.iter().filter(|one| columns.contains(&one.id));
        own.chain(edges.map(|edge| edge.name.as_str())).chain(references.map(|one| one.name.as_str())).collect()
    }
}

/// `created_at` to `createdAt`.
#[must_use]
pub fn camel(snake: &str) -> String {
    let mut name = String::with_capacity(snake.len());
    let mut raise = false;
    for letter in snake.chars() {
        if letter == '_' {
            raise = true;
        } else {
            name.push(if raise { letter.to_ascii_uppercase() } else { letter });
            raise = false;
        }
    }
    name
}
