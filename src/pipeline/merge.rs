//! Merges fields with the same response key before execution. The executor would resolve each and merge the values, but
//! the values that reading gave are JSON text. Fragments on object types are inlined; fragments remain only below interfaces,
//! where the type is known with the object.

use async_graphql::{
    Name, Positioned, Value, Variables,
    parser::types::{Directive, ExecutableDocument, Field, FragmentDefinition, OperationType, Selection, SelectionSet},
};
use std::collections::HashMap;

use super::types::Types;
use crate::kernel::{Error, Result};

type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;

/// The selections of a document: of its operations, then of its fragments.
pub fn sets(document: &ExecutableDocument) -> impl Iterator<Item = &SelectionSet> {
    let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node);
    operations.chain(document.fragments.values().map(|fragment| &fragment.node.selection_set.node))
}

/// Whether `@skip` or `@include` is used anywhere.
pub fn is_conditional(document: &ExecutableDocument) -> bool {
    fn any(set: &SelectionSet) -> bool {
        set.items.iter().any(|selection| {
            selection
                .node
                .directives()
                .iter()
                .any(|directive| matches!(directive.node.name.node.as_str(), "skip" | "include"))
                || match &selection.node {
                    Selection::Field(field) => any(&field.node.selection_set.node),
                    Selection::InlineFragment(fragment) => any(&fragment.node.selection_set.node),
                    Selection::FragmentSpread(_) => false,
                }
        })
    }
    sets(document).any(any)
}

/// Whether an operation spreads a fragment anywhere.
pub fn has_spreads(document: &ExecutableDocument) -> bool {
    fn any(set: &SelectionSet) -> bool {
        set.items.iter().any(|selection| match &selection.node {
            Selection::Field(field) => any(&field.node.selection_set.node),
            Selection::InlineFragment(fragment) => any(&fragment.node.selection_set.node),
            Selection::FragmentSpread(_) => true,
        })
    }
    document.operations.iter().any(|(_, operation)| any(&operation.node.selection_set.node))
}

/// Removes what `@skip` and `@include` exclude; every variable has its value by now, defaults included.
pub fn prune(document: &mut ExecutableDocument, variables: &Variables) -> Result<()> {
    fn in_set(set: &mut SelectionSet, variables: &Variables) -> Result<()> {
        let mut remaining = Vec::with_capacity(set.items.len());
        for mut selection in std::mem::take(&mut set.items) {
            if is_excluded(selection.node.directives(), variables)? {
                continue;
            }
            selection.node.directives_mut().retain(|directive| excluding_value(&directive.node).is_none());
            match &mut selection.node {
                Selection::Field(field) => in_set(&mut field.node.selection_set.node, variables)?,
                Selection::InlineFragment(fragment) => in_set(&mut fragment.node.selection_set.node, variables)?,
                Selection::FragmentSpread(_) => {}
            }
            remaining.push(selection);
        }
        set.items = remaining;
        Ok(())
    }
    for fragment in document.fragments.values_mut() {
        in_set(&mut fragment.node.selection_set.node, variables)?;
    }
    for operation in operations_mut(document) {
        in_set(&mut operation.selection_set.node, variables)?;
    }
    Ok(())
}

/// The value of the condition that excludes the selection; `None` for other directives.
fn excluding_value(directive: &Directive) -> Option<bool> {
    match directive.name.node.as_str() {
        "skip" => Some(true),
        "include" => Some(false),
        _ => None,
    }
}

fn is_excluded(directives: &[Positioned<Directive>], variables: &Variables) -> Result<bool> {
    let mut out = false;
    for directive in directives {
        let Some(excluding) = excluding_value(&directive.node) else { continue };
        let condition = directive.node.get_argument("if").map(|value| value.node.clone());
        let condition =
            condition.and_then(|value| value.into_const_with(|name| variables.get(&name).cloned().ok_or(())).ok());
        // A nullable variable with a default is valid here, and can be null all the same.
        let Some(Value::Boolean(condition)) = condition else {
            return Err(Error::invalid("if", format!("must be true or false in @{}", directive.node.name.node)));
        };
        out |= condition == excluding;
    }
    Ok(out)
}

fn operations_mut(
    document: &mut ExecutableDocument,
) -> impl Iterator<Item = &mut async_graphql::parser::types::OperationDefinition> {
    use async_graphql::parser::types::DocumentOperations::{Multiple, Single};
    let (one, many) = match &mut document.operations {
        Single(one) => (Some(one), None),
        Multiple(many) => (None, Some(many.values_mut())),
    };
    one.into_iter().chain(many.into_iter().flatten()).map(|operation| &mut operation.node)
}

/// Merges all operations of a document.
pub fn merge(document: &mut ExecutableDocument, types: &Types) {
    let fragments = std::mem::take(&mut document.fragments);
    for operation in operations_mut(document) {
        let root = match operation.ty {
            OperationType::Query => "Query",
            OperationType::Mutation => "Mutation",
            OperationType::Subscription => "Subscription",
        };
        merge_set(&mut operation.selection_set.node, root, types, &fragments);
    }
    document.fragments = fragments;
}

fn merge_set(set: &mut SelectionSet, of: &str, types: &Types, fragments: &Fragments) {
    // Below an interface, the type of the object decides what applies.
    let Some(implements) = types.composite(of).and_then(|known| known.implements.as_ref()) else { return };
    let mut fields: Vec<Positioned<Selection>> = Vec::with_capacity(set.items.len());
    gather(std::mem::take(&mut set.items), of, implements, fragments, &mut fields);
    for selection in &mut fields {
        if let Selection::Field(field) = &mut selection.node
            && let Some(output) = types.field(of, field.node.name.node.as_str())
        {
            merge_set(&mut field.node.selection_set.node, &output.name, types, fragments);
        }
    }
    set.items = fields;
}

fn gather(
    items: Vec<Positioned<Selection>>,
    of: &str,
    implements: &[String],
    fragments: &Fragments,
    into: &mut Vec<Positioned<Selection>>,
) {
    let applies = |on: &str| on == of || implements.iter().any(|interface| interface == on);
    for item in items {
        let pos = item.pos;
        match item.node {
            Selection::Field(field) => match into.iter_mut().find_map(|known| same_key(&mut known.node, &field.node)) {
                Some(known) => known.selection_set.node.items.extend(field.node.selection_set.node.items),
                None => into.push(Positioned::new(Selection::Field(field), pos)),
            },
            Selection::InlineFragment(fragment) => {
                let fragment = fragment.node;
                if fragment.type_condition.as_ref().is_none_or(|on| applies(on.node.on.node.as_str())) {
                    gather(fragment.selection_set.node.items, of, implements, fragments, into);
                }
            }
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = fragments.get(&spread.node.fragment_name.node)
                    && applies(fragment.node.type_condition.node.on.node.as_str())
                {
                    gather(fragment.node.selection_set.node.items.clone(), of, implements, fragments, into);
                }
            }
        }
    }
}

fn same_key<'a>(known: &'a mut Selection, field: &Field) -> Option<&'a mut Field> {
    match known {
        Selection::Field(known) if known.node.response_key().node == field.response_key().node => Some(&mut known.node),
        _ => None,
    }
}
