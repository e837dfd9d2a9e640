//! What the pipeline must know of the schema, read once from its own text: which type a field has, which values an
//! input takes.

use std::collections::HashMap;

use async_graphql::{
    Value,
    parser::{
        parse_schema,
        types::{BaseType, Type, TypeKind, TypeSystemDefinition},
    },
};

use super::limits::too_many_items;
use crate::kernel::{Error, Result};

/// What every schema has beside its own text. The root has `__schema` and `__type`.
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
    /// Its innermost name.
    pub name: String,
    pub is_list: bool,
    pub is_connection: bool,
}

#[derive(Debug)]
pub enum Input {
    Enum(Vec<String>),
    /// Fields with their types, and whether each has a default.
    Object(HashMap<String, (Type, bool)>),
    Scalar,
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
                    let field = |field: async_graphql::parser::types::InputValueDefinition| {
                        (field.name.node.to_string(), (field.ty.node, field.default_value.is_some()))
                    };
                    inputs.insert(name, Input::Object(of.fields.into_iter().map(|one| field(one.node)).collect()));
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
                let output = Output { name: of.to_owned(), is_list, is_connection: of.ends_with("Connection") };
                (field.name.node.to_string(), output)
            };
            let fields = fields.into_iter().map(|field| output(field.node)).collect();
            composite.insert(name, Composite { implements, fields });
        }
        let root = composite.get_mut("Query").ok_or_else(|| Error::internal("a schema without a Query"))?;
        for (field, of) in [("__schema", "__Schema"), ("__type", "__Type")] {
            let output = Output { name: of.to_owned(), is_list: false, is_connection: false };
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

    /// Checks a variable's value, in the form that the executor takes; a failure names the place in it.
    pub fn coerce(&self, ty: &Type, value: Value, path: &str, longest_list: usize) -> Result<Value> {
        let wrong = |what: &str| Err(Error::invalid(path, format!("{what} is wanted here ({ty})")));
        if value == Value::Null {
            return if ty.nullable { Ok(Value::Null) } else { wrong("a value that is not null") };
        }
        let name = match &ty.base {
            BaseType::List(of) => {
                let Value::List(items) = value else {
                    return Ok(Value::List(vec![self.coerce(of, value, path, longest_list)?]));
                };
                if items.len() > longest_list {
                    return Err(too_many_items(path, items.len(), longest_list));
                }
                let items = items.into_iter().enumerate();
                let items = items.map(|(at, item)| self.coerce(of, item, &format!("{path}.{at}"), longest_list));
                return Ok(Value::List(items.collect::<Result<_>>()?));
            }
            BaseType::Named(name) => name.as_str(),
        };
        match (name, &value) {
            ("Int", Value::Number(number)) if number.as_i64().is_some_and(|number| i32::try_from(number).is_ok()) => {
                return Ok(value);
            }
            ("Int", _) => return wrong("a whole number of 32 bits"),
            ("Float", Value::Number(_)) | ("Boolean", Value::Boolean(_)) | ("String" | "ID", Value::String(_)) => {
                return Ok(value);
            }
            ("ID", Value::Number(number)) if number.is_i64() || number.is_u64() => {
                return Ok(Value::String(number.to_string()));
            }
            ("Float" | "Boolean" | "String" | "ID", _) => return wrong("a value of this type"),
            _ => {}
        }
        match (self.inputs.get(name), value) {
            (Some(Input::Enum(known)), Value::String(text)) if known.contains(&text) => Ok(Value::String(text)),
            // As a default in the document spells it.
            (Some(Input::Enum(known)), Value::Enum(name)) if known.iter().any(|known| known == name.as_str()) => {
                Ok(Value::Enum(name))
            }
            (Some(Input::Enum(known)), _) => wrong(&format!("one of {}", known.join(", "))),
            (Some(Input::Object(fields)), Value::Object(mut given)) => {
                if let Some(unknown) = given.keys().find(|key| !fields.contains_key(key.as_str())) {
                    return Err(Error::invalid(format!("{path}.{unknown}"), format!("{name} has no such field")));
                }
                for (field, (ty, has_default)) in fields {
                    match given.get_mut(field.as_str()) {
                        Some(value) => {
                            *value =
                                self.coerce(ty, std::mem::take(value), &format!("{path}.{field}"), longest_list)?;
                        }
                        None if ty.nullable || *has_default => {}
                        None => return Err(Error::invalid(format!("{path}.{field}"), "must be given")),
                    }
                }
                Ok(Value::Object(given))
            }
            (Some(Input::Object(_)), _) => wrong("an object"),
            // A scalar of our own checks its text itself, where the field takes it.
            (Some(Input::Scalar) | None, value) => Ok(value),
        }
    }
}
