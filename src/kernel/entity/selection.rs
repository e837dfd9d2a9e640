//! From the fields a client selected to the columns and edges of a declaration: fragments followed, type conditions
//! judged, fields of one response key gathered (GraphQL's CollectFields). `@skip` and `@include` were resolved before.

use async_graphql::{
    ContextSelectionSet, Positioned,
    parser::types::{Field, Selection, SelectionSet},
};

use super::cell::Json;

/// The fields that share a response key; validation has seen that they agree.
pub(super) struct Group<'a> {
    pub key: &'a str,
    pub fields: Vec<&'a Positioned<Field>>,
}

impl<'a> Group<'a> {
    /// The field; the others differ in their selections only.
    pub fn name(&self) -> &'a str {
        self.fields[0].node.name.node.as_str()
    }

    /// What is selected below, as a group per response key.
    pub fn below(&self, ctx: &ContextSelectionSet<'a>, type_name: &str) -> Vec<Group<'a>> {
        let mut groups = Vec::with_capacity(self.fields[0].node.selection_set.node.items.len());
        for field in &self.fields {
            gather(ctx, &field.node.selection_set.node, type_name, &mut groups);
        }
        groups
    }
}

/// The text before the value of each field.
pub(super) fn heads(groups: &[Group<'_>]) -> Vec<Json> {
    let head = |(at, group): (usize, &Group<'_>)| {
        let mut head = Vec::with_capacity(group.key.len() + 4);
        head.push(if at == 0 { b'{' } else { b',' });
        head.push(b'"');
        head.extend_from_slice(group.key.as_bytes());
        head.extend_from_slice(b"\":");
        head
    };
    groups.iter().enumerate().map(head).collect()
}

/// What a selection set asks of a type.
pub(super) fn gather<'a>(
    ctx: &ContextSelectionSet<'a>,
    set: &'a SelectionSet,
    type_name: &str,
    into: &mut Vec<Group<'a>>,
) {
    for selection in &set.items {
        let (on, below) = match &selection.node {
            Selection::Field(field) => {
                let key = field.node.response_key().node.as_str();
                match into.iter_mut().find(|group| group.key == key) {
                    Some(group) => group.fields.push(field),
                    None => into.push(Group { key, fields: vec![field] }),
                }
                continue;
            }
            Selection::FragmentSpread(spread) => {
                // Validation has refused a document that spreads a fragment it does not have.
                let Some(fragment) = ctx.query_env.fragments.get(&spread.node.fragment_name.node) else { continue };
                (Some(&fragment.node.type_condition), &fragment.node.selection_set)
            }
            Selection::InlineFragment(fragment) => {
                (fragment.node.type_condition.as_ref(), &fragment.node.selection_set)
            }
        };
        let fits = on.is_none_or(|on| {
            let on = on.node.on.node.as_str();
            on == type_name
                || ctx.schema_env.registry.implements.get(type_name).is_some_and(|interfaces| interfaces.contains(on))
        });
        if fits {
            gather(ctx, &below.node, type_name, into);
        }
    }
}
