//! What holds for the whole schema: everything is described, and named by one way for each thing.

use async_graphql::parser::{
    parse_schema,
    types::{FieldDefinition, TypeKind, TypeSystemDefinition},
};

/// The names of what has no description.
fn undescribed() -> Vec<String> {
    let mut bare = Vec::new();
    let mut note = |described: bool, name: String| {
        if !described {
            bare.push(name);
        }
    };
    for definition in parse_schema(clinigraph::graphql::sdl()).unwrap().definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let (of, kind) = (definition.node.name.node, definition.node.kind);
        note(definition.node.description.is_some(), of.to_string());
        let mut field = |field: FieldDefinition| {
            note(field.description.is_some(), format!("{of}.{}", field.name.node));
            for argument in field.arguments {
                note(
                    argument.node.description.is_some(),
                    format!("{of}.{}({})", field.name.node, argument.node.name.node),
                );
            }
        };
        match kind {
            TypeKind::Object(object) => object.fields.into_iter().for_each(|one| field(one.node)),
            TypeKind::Interface(interface) => interface.fields.into_iter().for_each(|one| field(one.node)),
            TypeKind::Enum(values) => {
                values.values.into_iter().for_each(|value| {
                    note(value.node.description.is_some(), format!("{of}.{}", value.node.value.node));
                });
            }
            TypeKind::InputObject(input) => {
                input
                    .fields
                    .into_iter()
                    .for_each(|one| note(one.node.description.is_some(), format!("{of}.{}", one.node.name.node)));
            }
            TypeKind::Scalar | TypeKind::Union(_) => {}
        }
    }
    bare
}

#[test]
fn everything_in_the_schema_is_described() {
    assert_eq!(undescribed(), Vec::<String>::new());
}

#[test]
fn every_entity_is_in_the_list_of_entities() {
    let sdl = clinigraph::graphql::sdl();
    let mut in_schema: Vec<&str> =
        sdl.lines().filter_map(|line| line.strip_prefix("type ")?.strip_suffix(" implements Node {")).collect();
    let mut listed: Vec<&str> = clinigraph::graphql::entities().iter().map(|def| def.type_name).collect();
    in_schema.sort_unstable();
    listed.sort_unstable();

    assert_eq!(in_schema, listed);
}
