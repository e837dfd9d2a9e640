//! The cost of an operation: one for each object that it can return, and for what is counted or searched as much as the
//! objects that could be read in that time. A page counts with its full size, so the cost is known before anything runs.

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
/// The cost of the `totalCount` of a list: it reads every row that the filter leaves. Of a clinic with 500 tickets that
/// takes as long as a page of 25.
const COUNT: u64 = 25;
/// The same of a list in each object of another list, of which there are fewer rows.
const COUNT_OF_EACH: u64 = 5;
/// The cost of searching for words: of a clinic with 500 tickets that takes as long as three pages of 25.
const SEARCH: u64 = 75;

/// The cost of a merged operation, with the values of its variables.
#[must_use]
pub fn of(document: &ExecutableDocument, set: &SelectionSet, root: &str, variables: &Variables, types: &Types) -> u64 {
    let each = if root == "Mutation" { MUTATION } else { 0 };
    let count = set.items.len() as u64;
    let at = At { page: 1, is_listed: false };
    Cost { document, variables, types }.set(set, root, at).saturating_add(each * count)
}

struct Cost<'a> {
    document: &'a ExecutableDocument,
    variables: &'a Variables,
    types: &'a Types,
}

/// Where an object is.
#[derive(Clone, Copy)]
struct At {
    /// The size of the connection that it belongs to.
    page: u64,
    /// Whether it is one of several.
    is_listed: bool,
}

impl Cost<'_> {
    /// The cost of a selection on one object.
    fn set(&self, set: &SelectionSet, of: &str, at: At) -> u64 {
        set.items.iter().fold(0u64, |sum, selection| {
            sum.saturating_add(match &selection.node {
                Selection::Field(field) => self.field(&field.node, of, at),
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref().map_or(of, |on| on.node.on.node.as_str());
                    self.set(&fragment.node.selection_set.node, on, at)
                }
                Selection::FragmentSpread(spread) => {
                    let fragment = self.document.fragments.get(&spread.node.fragment_name.node);
                    fragment.map_or(0, |fragment| {
                        self.set(
                            &fragment.node.selection_set.node,
                            fragment.node.type_condition.node.on.node.as_str(),
                            at,
                        )
                    })
                }
            })
        })
    }

    fn field(&self, field: &Field, of: &str, at: At) -> u64 {
        let below = &field.selection_set.node;
        if below.items.is_empty() {
            return match field.name.node.as_str() {
                "totalCount" if at.is_listed => COUNT_OF_EACH,
                "totalCount" => COUNT,
                _ => 0,
            };
        }
        // Introspection has limits of its own.
        let output = self.types.field(of, field.name.node.as_str()).filter(|_| !field.name.node.starts_with("__"));
        let Some(output) = output else { return 1 };
        if output.is_connection {
            let size = self.size(field, "first").or_else(|| self.size(field, "last")).unwrap_or(u64::from(USUAL));
            let within = At { page: size.min(u64::from(MOST)), ..at };
            return self.set(below, &output.name, within).saturating_add(1 + self.search(field));
        }
        // Counts by values and times read every row that the filter leaves, and sort them; they are priced as the longest page.
        if output.name.ends_with("Counts") || output.name.ends_with("Times") {
            let counted = u64::from(MOST) + self.search(field);
            return self.set(below, &output.name, At { page: 1, ..at }).saturating_add(counted);
        }
        // The lists inside a connection are as long as its page.
        let times = match (output.is_list, of.ends_with("Connection")) {
            (true, true) => at.page,
            (true, false) => self.id_count(field).unwrap_or(LIST),
            (false, _) => 1,
        };
        let is_wrapper = output.name.ends_with("Edge") || output.name == "PageInfo";
        let within = At { page: 1, is_listed: at.is_listed || output.is_list };
        times.saturating_mul(self.set(below, &output.name, within).saturating_add(u64::from(!is_wrapper)))
    }

    fn argument(&self, field: &Field, name: &str) -> Option<Value> {
        let value: &Positioned<_> = field.get_argument(name)?;
        value
            .node
            .clone()
            .into_const_with(|name: Name| Ok::<_, ()>(self.variables.get(&name).cloned().unwrap_or_default()))
            .ok()
    }

    fn size(&self, field: &Field, name: &str) -> Option<u64> {
        match self.argument(field, name)? {
            Value::Number(number) => number.as_u64(),
            _ => None,
        }
    }

    /// The cost of a filter by words, which is called `text` in every filter.
    fn search(&self, field: &Field) -> u64 {
        match self.argument(field, "filter") {
            Some(Value::Object(filter)) if filter.get("text").is_some_and(|text| *text != Value::Null) => SEARCH,
            _ => 0,
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
