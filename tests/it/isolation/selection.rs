//! Selections of everything that can be read of an entity, made from the declarations and the schema.

use std::collections::BTreeMap;

use async_graphql::parser::types::FieldDefinition;
use clinigraph::kernel::entity::{Def, EdgeKind};

use crate::harness::sdl::object_types;

/// The object types of the schema.
pub struct Types(BTreeMap<String, Vec<FieldDefinition>>);

impl Types {
    pub fn read() -> Self {
        Self(object_types())
    }

    /// The fields of a type that need no argument, each with the name of its type.
    fn fields(&self, of: &str) -> impl Iterator<Item = (&str, String)> {
        let fields = self.0[of].iter();
        let fields = fields.filter(|field| field.arguments.iter().all(|argument| argument.node.ty.node.nullable));
        fields.map(|field| (field.name.node.as_str(), field.ty.node.to_string().replace(['[', ']', '!'], "")))
    }

    /// Everything of an entity, following edges so many times.
    pub fn entity(&self, def: &Def, edges: usize) -> String {
        let mut selected = vec!["__typename".to_owned()];
        for (name, ty) in self.fields(def.type_name) {
            let below = match def.edges.iter().find(|edge| edge.name == name) {
                Some(edge) => match edge.kind {
                    EdgeKind::Part { .. } => self.entity((edge.to)(), edges),
                    _ if edges == 0 => continue,
                    EdgeKind::Page { .. } => format!(
                        "{{ totalCount pageInfo {{ startCursor endCursor }} nodes {} }}",
                        self.entity((edge.to)(), edges - 1)
                    ),
                    EdgeKind::One { .. } | EdgeKind::Own { .. } | EdgeKind::All { .. } => {
                        self.entity((edge.to)(), edges - 1)
                    }
                },
                None if ty == "Node" => "{ __typename id }".to_owned(),
                None => self.value(&ty),
            };
            selected.push(format!("{name} {below}"));
        }
        format!("{{ {} }}", selected.join(" "))
    }

    /// Everything of a value that is no entity: nothing of a scalar, all fields of an object.
    fn value(&self, ty: &str) -> String {
        if !self.0.contains_key(ty) {
            return String::new();
        }
        let fields: Vec<String> = self.fields(ty).map(|(name, ty)| format!("{name} {}", self.value(&ty))).collect();
        format!("{{ {} }}", fields.join(" "))
    }
}
