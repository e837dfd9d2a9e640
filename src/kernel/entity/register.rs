//! From a declaration to the GraphQL type in the schema. What a permission may hide is nullable, and its description says
//! so.

use async_graphql::{
    InputType, OutputType,
    connection::PageInfo,
    indexmap::{IndexMap, IndexSet},
    registry::{MetaField, MetaInputValue, MetaType, ObjectBuilder, Registry},
};

use super::def::{Argument, Column, Computed, Def, Edge, EdgeKind, Guard, Reference};
use crate::kernel::actor::Permission;

/// An argument of the type `T`.
pub fn input_argument<T: InputType>(registry: &mut Registry, name: &str, description: &str) -> Argument {
    let mut argument = MetaInputValue::new(name, T::create_type_info(registry));
    argument.description = Some(description.to_owned());
    argument
}

pub(super) fn field(name: &str, ty: impl Into<String>, description: impl Into<String>) -> MetaField {
    let mut field = MetaField::new(name, ty);
    field.description = Some(description.into());
    field
}

/// Adds a type unless it is known. A placeholder goes first, since types may refer to each other.
pub(super) fn define(registry: &mut Registry, name: &str, make: impl FnOnce(&mut Registry) -> MetaType) {
    if !registry.types.contains_key(name) {
        registry.types.insert(name.to_owned(), object(name, "", IndexMap::new()));
        let made = make(registry);
        registry.types.insert(name.to_owned(), made);
    }
}

pub(super) fn object(name: &str, description: &str, fields: IndexMap<String, MetaField>) -> MetaType {
    ObjectBuilder::new(name, fields).description(Some(description.to_owned())).build()
}

pub(super) fn fields(fields: impl IntoIterator<Item = MetaField>) -> IndexMap<String, MetaField> {
    fields.into_iter().map(|field| (field.name.clone(), field)).collect()
}

/// Makes the type of a declaration known, which need not be a node; returns its name.
fn part(def: &'static Def, registry: &mut Registry) -> &'static str {
    define(registry, def.type_name, |registry| {
        let columns: Vec<_> = def.columns.iter().map(|column| column_field(column, registry)).collect();
        let computed: Vec<_> = def.computed.iter().map(|field| computed_field(field, registry)).collect();
        let edges: Vec<_> = def.edges.iter().map(|edge| edge_field(edge, registry)).collect();
        let references: Vec<_> = def.references.iter().map(|one| reference_field(one, registry)).collect();
        let all = columns.into_iter().chain(computed).chain(edges).chain(references);
        object(def.type_name, def.description, fields(all))
    });
    def.type_name
}

/// Makes an entity's type known; returns its name.
pub(super) fn entity(def: &'static Def, registry: &mut Registry) -> &'static str {
    part(def, registry);
    node(registry);
    registry.add_implements(def.type_name, "Node");
    if let Some(MetaType::Interface { possible_types, .. }) = registry.types.get_mut("Node") {
        possible_types.insert(def.type_name.to_owned());
    }
    def.type_name
}

/// Makes an entity's connection known; returns its name.
pub(super) fn connection(def: &'static Def, registry: &mut Registry) -> String {
    let name = format!("{}Connection", def.type_name);
    let edge = format!("{}Edge", def.type_name);
    let node = entity(def, registry);
    let page_info = <PageInfo as OutputType>::create_type_info(registry);
    let string = <String as OutputType>::create_type_info(registry);
    let int = <i32 as OutputType>::create_type_info(registry);
    define(registry, &edge, |_| {
        let all = [
            field("cursor", &string, "Position of the item in the list, to give to `after` or `before`."),
            field("node", format!("{node}!"), "Item at this position of the list."),
        ];
        object(&edge, &format!("Item of a list of type {node}, with its cursor."), fields(all))
    });
    define(registry, &name, |_| {
        let all = [
            field("edges", format!("[{edge}!]!"), "Items of the page with their cursors, in the order of the list."),
            field("nodes", format!("[{node}!]!"), "Items of the page, in the order of the list."),
            field("pageInfo", page_info, "Whether items precede or follow the page, and its first and last cursor."),
            field("totalCount", int, "Number of items on all pages; counted only if it is selected."),
        ];
        object(&name, &format!("Page of a list of type {node}."), fields(all))
    });
    name
}

/// The interface of everything with an id.
pub(super) fn node(registry: &mut Registry) {
    let id = <async_graphql::ID as OutputType>::create_type_info(registry);
    if !registry.types.contains_key("Node") {
        let all = fields([field("id", id, "Unique identifier of the object; its prefix names the type.")]);
        let interface = MetaType::Interface {
            name: "Node".to_owned(),
            description: Some("Object with an identifier of its own.".to_owned()),
            fields: all,
            possible_types: IndexSet::new(),
            extends: false,
            keys: None,
            visible: None,
            inaccessible: false,
            tags: Vec::new(),
            rust_typename: None,
            directive_invocations: Vec::new(),
            requires_scopes: Vec::new(),
        };
        registry.types.insert("Node".to_owned(), interface);
    }
}

/// A description that says what callers without a permission get.
fn with_permission(description: &str, read: Option<Permission>) -> String {
    match read {
        Some(permission) => {
            format!("{description}\n\nNull, with an error, without the permission `{}`.", permission.name())
        }
        None => description.to_owned(),
    }
}

fn column_field(column: &Column, registry: &mut Registry) -> MetaField {
    let ty = (column.register)(registry);
    let ty = if column.read.is_some() { ty.trim_end_matches('!') } else { &ty };
    let description = match column.read {
        Some(Guard { permission, own: Some(_) }) => format!(
            "{}\n\nNull if the caller may not read it, which takes the permission `{}` unless it is their own.",
            column.description,
            permission.name()
        ),
        read => with_permission(column.description, read.map(|guard| guard.permission)),
    };
    field(&column.name, ty, description)
}

fn computed_field(computed: &Computed, registry: &mut Registry) -> MetaField {
    field(&computed.name, (computed.register)(registry), computed.description)
}

fn reference_field(reference: &Reference, registry: &mut Registry) -> MetaField {
    node(registry);
    let description = reference.description;
    let null = "Null if it does not exist or the caller may not see it; with an error if the permission to read its \
                type is missing.";
    field(&reference.name, "Node", format!("{description}\n\n{null}"))
}

fn edge_field(edge: &'static Edge, registry: &mut Registry) -> MetaField {
    let to = (edge.to)();
    let description = with_permission(edge.description, to.read);
    let mut arguments = Vec::new();
    let hidden = to.read.is_some();
    let bang = if hidden { "" } else { "!" };
    let ty = match edge.kind {
        EdgeKind::One { nullable, .. } | EdgeKind::Own { nullable, .. } => {
            let name = entity(to, registry);
            if nullable { name.to_owned() } else { format!("{name}{bang}") }
        }
        EdgeKind::All { .. } => format!("[{}!]{bang}", entity(to, registry)),
        EdgeKind::Part { present } => format!("{}{}", part(to, registry), if present.is_some() { "" } else { bang }),
        EdgeKind::Page { list, .. } => {
            arguments = window_arguments(registry);
            arguments.extend((list.arguments)(registry));
            format!("{}{bang}", connection(to, registry))
        }
    };
    let mut field = field(&edge.name, ty, description);
    field.args = arguments.into_iter().map(|argument| (argument.name.clone(), argument)).collect();
    field
}

/// The arguments every connection takes.
pub(super) fn window_arguments(registry: &mut Registry) -> Vec<Argument> {
    vec![
        input_argument::<Option<i32>>(
            registry,
            "first",
            "Number of items to return from the start, 1 to 100; 25 if neither first nor last is given.",
        ),
        input_argument::<Option<String>>(registry, "after", "Returns only the items that follow this cursor."),
        input_argument::<Option<i32>>(
            registry,
            "last",
            "Number of items to return from the end, 1 to 100, in the order of the list.",
        ),
        input_argument::<Option<String>>(registry, "before", "Returns only the items that precede this cursor."),
    ]
}
