//! The bill of materials in the format CycloneDX: the packages of cargo that are linked into the program, and those of npm
//! that are in its page. It has no date and no random number, so that the same sources make the same bill.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Value, json};

use crate::{npm_packages, packages, rules::Locked, text};

pub fn of(metadata: &Value, locked: &[Locked], web: &Value) -> Value {
    let by_id: HashMap<&str, &Value> = packages(metadata).map(|package| (text(package, "id"), package)).collect();
    let root = text(&metadata["resolve"], "root");
    let edges = linked(metadata);
    let mut reached = BTreeSet::from([root]);
    let mut open = vec![root];
    while let Some(id) = open.pop() {
        open.extend(edges[id].iter().copied().filter(|on| reached.insert(on)));
    }
    let reference = |id: &str| format!("pkg:cargo/{}@{}", text(by_id[id], "name"), text(by_id[id], "version"));
    let crates = reached.iter().filter(|id| **id != root).map(|id| crate_of(by_id[id], locked));
    let modules: BTreeMap<_, _> = npm_packages(web)
        .filter(|(_, package)| package["dev"] != true)
        .map(|(path, package)| module(path, package))
        .map(|module| (text(&module, "bom-ref").to_owned(), module))
        .collect();
    let dependencies = reached.iter().map(|id| {
        let on: BTreeSet<_> = edges[*id].iter().map(|on| reference(on)).collect();
        json!({ "ref": reference(id), "dependsOn": on })
    });
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": reference(root),
                "name": text(by_id[root], "name"),
                "version": text(by_id[root], "version"),
                "licenses": [{ "expression": text(by_id[root], "license") }],
            },
        },
        "components": crates.chain(modules.into_values()).collect::<Vec<_>>(),
        "dependencies": dependencies.collect::<Vec<_>>(),
    })
}

/// What each package is linked with on any system, by id: not what only builds or tests it.
fn linked(metadata: &Value) -> HashMap<&str, BTreeSet<&str>> {
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    let is_linked = |on: &&Value| on["dep_kinds"].as_array().unwrap().iter().any(|kind| kind["kind"].is_null());
    nodes
        .iter()
        .map(|node| {
            let on = node["deps"].as_array().unwrap().iter().filter(is_linked).map(|on| text(on, "pkg"));
            (text(node, "id"), on.collect())
        })
        .collect()
}

fn crate_of(package: &Value, locked: &[Locked]) -> Value {
    let (name, version) = (text(package, "name"), text(package, "version"));
    let lock = locked.iter().find(|lock| lock.name == name && lock.version == version).unwrap();
    let url = format!("pkg:cargo/{name}@{version}");
    // As SPDX writes it; older packages have a slash.
    let licence = text(package, "license").replace(" / ", " OR ").replace('/', " OR ");
    json!({
        "type": "library", "bom-ref": url, "name": name, "version": version, "purl": url,
        "licenses": [{ "expression": licence }],
        "hashes": [{ "alg": "SHA-256", "content": lock.checksum }],
    })
}

fn module(path: &str, package: &Value) -> Value {
    let name = path.rsplit("node_modules/").next().unwrap();
    let version = text(package, "version");
    let url = format!("pkg:npm/{}@{version}", name.replace('@', "%40"));
    json!({
        "type": "library", "bom-ref": url, "name": name, "version": version, "purl": url,
        "licenses": [{ "expression": text(package, "license") }],
    })
}
