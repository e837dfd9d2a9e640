//! What the pipeline has to know about the schema, read once from its own text: the types of fields and arguments, and the
//! values that inputs take.

use std::collections::HashMap;

use async_graphql::{
    Positioned,
    parser::{
        parse_schema,
        types::{BaseType, InputValueDefinition, Type, TypeKind, TypeSystemDefinition},
    },
};

use crate::kernel::{Error, Result};

/// The types that every schema has beside its own text. `Query` has the fields `__schema` and `__type`.
const INTROSPECTION: &str = "
type __Schema { types: [__Type] queryType: __Type mutationType: __Type subscriptionType: __Type directives: [__Directive] }
type __Type {
  fields: [__Field] interfaces: [__Type] possibleTypes: [__Type] enumValues: [__EnumValue] inputFields: [__InputValue]
  ofType: __Type
}
type __Field { args: [__InputValue] type: __Type }
type __InputValue { type: __Type }
type __EnumValue { name: String }
type __Directive { args: [__InputValue] }
";

/// The schema's types by name.
#[derive(Debug)]
pub struct Types {
    composite: HashMap<String, Composite>,
    inputs: HashMap<String, Input>,
}

/// An object or interface type.
#[derive(Debug)]
pub struct Composite {
    /// What an object implements; `None` for an interface.
    pub implements: Option<Vec<String>>,
    fields: HashMap<String, Output>,
}

/// The type of a field.
#[derive(Debug)]
pub struct Output {
    /// The name of the innermost type, without lists.
    pub name: String,
    pub is_list: bool,
    pub is_connection: bool,
    pub arguments: Vec<InputField>,
}

/// The types that input values can have.
#[derive(Debug)]
pub enum Input {
    /// The names of its values.
    Enum(Vec<String>),
    Object(Vec<InputField>),
    Scalar,
}

/// An argument, or a field of an input object.
#[derive(Debug)]
pub struct InputField {
    pub name: String,
    pub ty: Type,
    pub has_default: bool,
}

impl InputField {
    fn read(definition: Positioned<InputValueDefinition>) -> Self {
        let definition = definition.node;
        Self {
            name: definition.name.node.to_string(),
            ty: definition.ty.node,
            has_default: definition.default_value.is_some(),
        }
    }

    /// Whether leaving it out is a mistake.
    pub fn is_required(&self) -> bool {
        !self.ty.nullable && !self.has_default
    }
}

fn innermost(ty: &Type) -> (&str, bool) {
    match &ty.base {
        BaseType::Named(name) => (name.as_str(), false),
        BaseType::List(of) => (innermost(of).0, true),
    }
}

impl Types {
    pub fn read(sdl: &str) -> Result<Self> {
        let own = parse_schema(sdl).map_err(Error::internal)?;
        let every = parse_schema(INTROSPECTION).map_err(Error::internal)?;
        let (mut composite, mut inputs) = (HashMap::new(), HashMap::new());
        for definition in own.definitions.into_iter().chain(every.definitions) {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let name = definition.node.name.node.to_string();
            let (implements, fields) = match definition.node.kind {
                TypeKind::Object(object) => {
                    (Some(object.implements.iter().map(|name| name.node.to_string()).collect()), object.fields)
                }
                TypeKind::Interface(interface) => (None, interface.fields),
                TypeKind::Enum(of) => {
                    inputs.insert(
                        name,
                        Input::Enum(of.values.into_iter().map(|value| value.node.value.node.to_string()).collect()),
                    );
                    continue;
                }
                TypeKind::InputObject(of) => {
                    inputs.insert(name, Input::Object(of.fields.into_iter().map(InputField::read).collect()));
                    continue;
                }
                TypeKind::Scalar => {
                    inputs.insert(name, Input::Scalar);
                    continue;
                }
                TypeKind::Union(_) => continue,
            };
            let output = |field: async_graphql::parser::types::FieldDefinition| {
                let (of, is_list) = innermost(&field.ty.node);
                let output = Output {
                    name: of.to_owned(),
                    is_list,
                    is_connection: of.ends_with("Connection"),
                    arguments: field.arguments.into_iter().map(InputField::read).collect(),
                };
                (field.name.node.to_string(), output)
            };
            let fields = fields.into_iter().map(|field| output(field.node)).collect();
            composite.insert(name, Composite { implements, fields });
        }
        let root = composite.get_mut("Query").ok_or_else(|| Error::internal("the schema has no Query"))?;
        for (field, of) in [("__schema", "__Schema"), ("__type", "__Type")] {
            let output = Output { name: of.to_owned(), is_list: false, is_connection: false, arguments: Vec::new() };
            root.fields.insert(field.to_owned(), output);
        }
        Ok(Self { composite, inputs })
    }

    #[must_use]
    pub fn composite(&self, name: &str) -> Option<&Composite> {
        self.composite.get(name)
    }

    #[must_use]
    pub fn field(&self, of: &str, name: &str) -> Option<&Output> {
        self.composite.get(of)?.fields.get(name)
    }

    #[must_use]
    pub fn input(&self, name: &str) -> Option<&Input> {
        self.inputs.get(name)
    }
}
