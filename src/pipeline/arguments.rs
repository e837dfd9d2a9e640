//! Which argument an error is about. `extensions.fields[].path` begins at the arguments of a field (`input.title`), also
//! where async-graphql refused the value and says no more than its position in the document.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{
    Name, Pos, Positioned, ServerError, Value,
    parser::types::{ExecutableDocument, Field, OperationType, Selection, SelectionSet},
};

use super::{
    admit::root_type,
    coerce::{Coercion, path_of},
    executor::Invocation,
    merge::sets,
    types::{InputField, Types},
};
use crate::kernel::{
    Code, Error,
    entity::camel,
    error::FieldProblem,
    ids::{self, WRONG_ID},
    text::parser_message,
};

/// The argument path of each variable: where it is used first.
pub fn of_variables(document: &ExecutableDocument) -> HashMap<String, String> {
    fn in_value(value: &Value, path: String, found: &mut HashMap<String, String>) {
        match value {
            Value::Binary(name) => {
                found.entry(String::from_utf8_lossy(name).into_owned()).or_insert(path);
            }
            Value::List(items) => {
                items.iter().enumerate().for_each(|(at, item)| in_value(item, format!("{path}.{at}"), found));
            }
            Value::Object(fields) => {
                fields.iter().for_each(|(name, value)| in_value(value, format!("{path}.{name}"), found));
            }
            _ => {}
        }
    }
    fn in_set(set: &SelectionSet, found: &mut HashMap<String, String>) {
        for selection in &set.items {
            let directives = selection.node.directives().iter().flat_map(|directive| &directive.node.arguments);
            let arguments = match &selection.node {
                Selection::Field(field) => field.node.arguments.as_slice(),
                Selection::InlineFragment(_) | Selection::FragmentSpread(_) => &[],
            };
            for (name, value) in arguments.iter().chain(directives) {
                // Literals have no binary values, so those represent the variables.
                let marked =
                    value.node.clone().into_const_with(|name| Ok::<_, ()>(Value::Binary(name.to_string().into())));
                if let Ok(value) = marked {
                    in_value(&value, name.node.to_string(), found);
                }
            }
            match &selection.node {
                Selection::Field(field) => in_set(&field.node.selection_set.node, found),
                Selection::InlineFragment(fragment) => in_set(&fragment.node.selection_set.node, found),
                Selection::FragmentSpread(_) => {}
            }
        }
    }
    let mut found = HashMap::new();
    sets(document).for_each(|set| in_set(set, &mut found));
    found
}

/// Gives each argument value that async-graphql refused a code and its path. What else is wrong with the arguments of
/// the same field is reported along with it.
pub fn locate(errors: &mut [ServerError], kind: OperationType, invocation: Invocation<'_>, types: &Types) {
    for error in errors.iter_mut().filter(|error| error.source::<Error>().is_none()) {
        let Some(pos) = error.locations.first().copied() else { continue };
        let at_value = |field: &Positioned<Field>| field.node.arguments.iter().any(|(_, value)| value.pos == pos);
        let Some((field, arguments)) = find(invocation.document, Some(root_type(kind)), types, &at_value) else {
            continue;
        };
        let value = |field: &Field, name: &str| {
            let given = field.get_argument(name)?.node.clone();
            given.into_const_with(|name| invocation.variables.get(&name).cloned().ok_or(())).ok()
        };
        let mut problems = problems(field, arguments, Coercion::checking_formats(types), value);
        if problems.is_empty() {
            problems.extend(refused(error, field, pos, value));
        }
        if problems.is_empty() {
            continue;
        }
        let known = Error::invalid_fields(problems);
        known.message().clone_into(&mut error.message);
        error.extensions = None;
        error.source = Some(Arc::new(known));
    }
}

/// Gives each argument that validation refused its path.
pub fn locate_invalid(errors: &mut [ServerError], document: &ExecutableDocument, types: &Types) {
    for error in errors {
        let Some(pos) = error.locations.first().copied() else { continue };
        let is_missing = error.message.ends_with("is required but not provided");
        let at_name = |field: &Positioned<Field>| {
            field.node.arguments.iter().any(|(name, _)| name.pos == pos) || (is_missing && field.pos == pos)
        };
        let Some((field, arguments)) = find(document, None, types, &at_name) else { continue };
        let value = |field: &Field, name: &str| field.get_argument(name)?.node.clone().into_const();
        let problems = problems(field, arguments, Coercion::new(types, usize::MAX), value);
        if problems.is_empty() {
            continue;
        }
        let known = Error::with_fields(Code::ValidationFailed, problems);
        known.message().clone_into(&mut error.message);
        error.source = Some(Arc::new(known));
    }
}

/// What is wrong with the arguments of a field.
fn problems(
    field: &Positioned<Field>,
    arguments: &[InputField],
    mut coercion: Coercion<'_>,
    value: impl Fn(&Field, &str) -> Option<Value>,
) -> Vec<FieldProblem> {
    for argument in arguments {
        if let Some(value) = value(&field.node, &argument.name) {
            coercion.coerce(&argument.ty, value, &argument.name);
        } else if argument.is_required() && field.node.get_argument(&argument.name).is_none() {
            coercion.refuse(&argument.name, "must be given");
        }
    }
    coercion.problems(HashMap::new)
}

/// The problem that an error itself reports, at its argument; for an id of another kind, at the id.
fn refused(
    error: &ServerError,
    field: &Positioned<Field>,
    pos: Pos,
    value: impl Fn(&Field, &str) -> Option<Value>,
) -> Option<FieldProblem> {
    let (name, _) = field.node.arguments.iter().find(|(_, value)| value.pos == pos)?;
    let extension = |name: &str| match error.extensions.as_ref()?.get(name)? {
        Value::String(text) => Some(text.as_str()),
        _ => None,
    };
    let code = if extension("code") == Some(Code::InvalidId.as_str()) { Code::InvalidId } else { Code::InvalidInput };
    let inside = extension(WRONG_ID).and_then(|id| {
        // The same id may be the value of another field too, where its kind is right.
        let own = ids::split(id).map(|(prefix, _)| format!(".{}Id", camel(prefix))).unwrap_or_default();
        path_of(id, &value(&field.node, &name.node)?, &name.node, |path| !path.ends_with(&own))
    });
    let path = inside.unwrap_or_else(|| name.node.to_string());
    Some(FieldProblem { path, code, message: parser_message(&error.message).to_owned() })
}

/// The first field for which `matches` holds, with the arguments that its type declares.
fn find<'a>(
    document: &'a ExecutableDocument,
    root: Option<&'static str>,
    types: &'a Types,
    matches: &dyn Fn(&Positioned<Field>) -> bool,
) -> Option<(&'a Positioned<Field>, &'a [InputField])> {
    fn in_set<'a>(
        set: &'a SelectionSet,
        parent: &str,
        types: &'a Types,
        matches: &dyn Fn(&Positioned<Field>) -> bool,
    ) -> Option<(&'a Positioned<Field>, &'a [InputField])> {
        set.items.iter().find_map(|selection| match &selection.node {
            Selection::Field(field) => {
                let output = types.field(parent, field.node.name.node.as_str())?;
                if matches(field) {
                    return Some((field, output.arguments.as_slice()));
                }
                in_set(&field.node.selection_set.node, &output.name, types, matches)
            }
            Selection::InlineFragment(fragment) => {
                let on = fragment.node.type_condition.as_ref().map_or(parent, |on| on.node.on.node.as_str());
                in_set(&fragment.node.selection_set.node, on, types, matches)
            }
            Selection::FragmentSpread(_) => None,
        })
    }
    let in_operation = document.operations.iter().find_map(|(_, operation)| {
        let root = root.unwrap_or_else(|| root_type(operation.node.ty));
        in_set(&operation.node.selection_set.node, root, types, matches)
    });
    in_operation.or_else(|| {
        document.fragments.values().find_map(|fragment| {
            let on: &Name = &fragment.node.type_condition.node.on.node;
            in_set(&fragment.node.selection_set.node, on, types, matches)
        })
    })
}
