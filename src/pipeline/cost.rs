//! The cost of an operation: one for each object that it can return. A page counts with its full size, so the cost is
//! known before anything runs.

use async_graphql::{
    Name, Positioned, Value, Variables,
    parser::types::{ExecutableDocument, Field, Selection, SelectionSet},
};

use super::types::Types;
use crate::kernel::page::{MOST, USUAL};

/// The assumed length of a plain list: the seven opening hours of a week.
const LIST: u64 = 7;
/// The additional cost of a mutation field.
const MUTATION: u64 = 10;

/// The cost of a merged operation, with the values of its variables.
#[must_use]
pub fn of(document: &ExecutableDocument, set: &SelectionSet, root: &str, variables: &Variables, types: &Types) -> u64 {
    let each = if root == "Mutation" { MUTATION } else { 0 };
    let count = set.items.len() as u64;
    Cost { document, variables, types }.set(set, root, 1).saturating_add(each * count)
}

struct Cost<'a> {
    document: &'a ExecutableDocument,
    variables: &'a Variables,
    types: &'a Types,
}

impl Cost<'_> {
    /// The cost of a selection on one object, where `page` is the size of the connection it belongs to.
    fn set(&self, set: &SelectionSet, of: &str, page: u64) -> u64 {
        set.items.iter().fold(0u64, |sum, selection| {
            sum.saturating_add(match &selection.node {
                Selection::Field(field) => self.field(&field.node, of, page),
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref().map_or(of, |on| on.node.on.node.as_str());
                    self.set(&fragment.node.selection_set.node, on, page)
                }
                Selection::FragmentSpread(spread) => {
                    let fragment = self.document.fragments.get(&spread.node.fragment_name.node);
                    fragment.map_or(0, |fragment| {
                        self.set(
                            &fragment.node.selection_set.node,
                            fragment.node.type_condition.node.on.node.as_str(),
                            page,
                        )
                    })
                }
            })
        })
    }

    fn field(&self, field: &Field, of: &str, page: u64) -> u64 {
        let below = &field.selection_set.node;
        if below.items.is_empty() {
            return 0;
        }
        // Introspection has limits of its own.
        let output = self.types.field(of, field.name.node.as_str()).filter(|_| !field.name.node.starts_with("__"));
        let Some(output) = output else { return 1 };
        if output.is_connection {
            let size = self.size(field, "first").or_else(|| self.size(field, "last")).unwrap_or(u64::from(USUAL));
            return self.set(below, &output.name, size.min(u64::from(MOST))).saturating_add(1);
        }
        // Counts read every row that the filter leaves, and are priced as the longest page.
        if output.name.ends_with("Counts") {
            return self.set(below, &output.name, 1).saturating_add(u64::from(MOST));
        }
        // The lists inside a connection are as long as its page.
        let times = match (output.is_list, of.ends_with("Connection")) {
            (true, true) => page,
            (true, false) => self.id_count(field).unwrap_or(LIST),
            (false, _) => 1,
        };
        let is_wrapper = output.name.ends_with("Edge") || output.name == "PageInfo";
        times.saturating_mul(self.set(below, &output.name, 1).saturating_add(u64::from(!is_wrapper)))
    }

    fn argument(&self, field: &Field, name: &str) -> Option<Value> {
        let value: &Positioned<_> = field.get_argument(name)?;
        value.node.clone().into_const_with(|name: Name| self.variables.get(&name).cloned().ok_or(())).ok()
    }

    fn size(&self, field: &Field, name: &str) -> Option<u64> {
        match self.argument(field, name)? {
            Value::Number(number) => number.as_u64(),
            _ => None,
        }
    }

    /// The number of ids by which a list is selected.
    fn id_count(&self, field: &Field) -> Option<u64> {
        match self.argument(field, "ids")? {
            Value::List(ids) => Some(ids.len() as u64),
            _ => None,
        }
    }
}
