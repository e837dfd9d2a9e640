//! Objects by their ids, and every edge from a clinic's own objects: the entities and edges are those of the declarations.

use std::collections::BTreeSet;

use clinigraph::kernel::entity::{Def, EdgeKind};
use serde_json::{Value, json};

use super::{
    selection::Types,
    world::{World, of_clinics},
};

#[tokio::test]
async fn an_object_of_another_clinic_is_null_by_its_id() {
    let world = World::new().await;

    for (side, other) in world.sides() {
        for def in of_clinics() {
            let document = "query ($id: ID!) { node(id: $id) { id __typename } }";
            let theirs = side.manager.send(document, json!({ "id": other.ids(def.prefix)[0] })).await;
            let own = side.manager.ask(document, json!({ "id": side.ids(def.prefix)[0] })).await;

            assert_eq!(theirs.body["data"], json!({ "node": null }), "{}", def.type_name);
            assert_eq!(theirs.code(), None, "{}", def.type_name);
            other.assert_absent(&theirs.body.to_string());
            assert_eq!(own["node"]["__typename"], def.type_name);
        }
    }
}

#[tokio::test]
async fn what_a_clinic_may_not_read_of_its_own_is_null_by_its_id() {
    let world = World::new().await;
    let document = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }";

    for (side, _) in world.sides() {
        let answer = side.manager.ask(document, json!({ "ids": side.hidden })).await;

        assert!(side.hidden.iter().any(|id| id.starts_with("ticket_message_")), "an internal note is among them");
        assert_eq!(answer["nodes"], json!(vec![Value::Null; side.hidden.len()]));
    }
}

/// Every edge of a declaration and of the objects over the same row, such as `Ticket.clinic`.
fn edges(def: &Def) -> BTreeSet<String> {
    let parts = def.edges.iter().filter(|edge| matches!(edge.kind, EdgeKind::Part { .. }));
    let below = parts.flat_map(|edge| edges((edge.to)()));
    def.edges.iter().map(|edge| format!("{}.{}", def.type_name, edge.name)).chain(below).collect()
}

/// Notes the edges of an answer that lead to something.
fn follow(def: &Def, object: &Value, followed: &mut BTreeSet<String>) {
    for edge in &def.edges {
        let value = &object[edge.name.as_str()];
        let targets = match edge.kind {
            EdgeKind::Page { .. } => value["nodes"].as_array().cloned().unwrap_or_default(),
            EdgeKind::All { .. } => value.as_array().cloned().unwrap_or_default(),
            EdgeKind::One { .. } | EdgeKind::Own { .. } | EdgeKind::Part { .. } => {
                vec![value.clone()]
            }
        };
        for target in targets.iter().filter(|target| target.is_object()) {
            followed.insert(format!("{}.{}", def.type_name, edge.name));
            follow((edge.to)(), target, followed);
        }
    }
}

#[tokio::test]
async fn every_edge_from_a_clinics_own_objects_stays_in_the_clinic() {
    let world = World::new().await;
    let types = Types::read();

    for (side, other) in world.sides() {
        let mut followed = BTreeSet::new();
        for def in of_clinics() {
            let selection = types.entity(def, 2);
            let document =
                format!("query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {} {selection} }} }}", def.type_name);
            let answer = side.manager.send(&document, json!({ "ids": side.ids(def.prefix) })).await;

            assert_eq!(answer.code(), None, "{}: {}", def.type_name, answer.body);
            other.assert_absent(&answer.body.to_string());
            for object in answer.body["data"]["nodes"].as_array().unwrap() {
                assert!(object.is_object(), "{} of the own clinic", def.type_name);
                follow(def, object, &mut followed);
            }
        }

        let declared: BTreeSet<String> = of_clinics().flat_map(edges).collect();
        let unseen: Vec<&String> = declared.difference(&followed).collect();
        assert!(
            unseen.is_empty(),
            "nothing is at the end of {unseen:?}: let `fill` in tests/it/<module>/cases.rs insert a row or set a column for it"
        );
    }
}
