//! The schema of the API, as its clients see it.

use std::collections::BTreeMap;

use async_graphql::parser::{
    parse_schema,
    types::{FieldDefinition, TypeKind, TypeSystemDefinition},
};

/// The object types and their fields.
pub fn object_types() -> BTreeMap<String, Vec<FieldDefinition>> {
    let mut types = BTreeMap::new();
    for definition in parse_schema(clinigraph::graphql::sdl()).unwrap().definitions {
        let TypeSystemDefinition::Type(definition) = definition else {
            continue;
        };
        let TypeKind::Object(object) = definition.node.kind else {
            continue;
        };
        let fields = object.fields.into_iter().map(|field| field.node).collect();
        types.insert(definition.node.name.node.to_string(), fields);
    }
    types
}

/// The fields of root types, such as `Query.ticket`.
pub fn root_fields(roots: &[&str]) -> Vec<String> {
    let types = object_types();
    let fields = |root: &&str| {
        let of: Vec<_> = types[*root].iter().map(|field| format!("{root}.{}", field.name.node)).collect();
        of
    };
    roots.iter().flat_map(fields).collect()
}
