//! What the program is built of: licences, sources, versions and lock files, checked without the network and without any
//! tool but cargo; and the bill of materials. The rules are in `deny.toml`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bill;
mod licence;
mod rules;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Command,
};

use serde_json::Value;

use self::rules::Rules;

/// Packages of npm that are built into the program, and those that only tests and benches use.
const LOCKS_OF_NPM: [&str; 3] = ["web", "tests/node", "benches/live/node"];

/// A file of the repository.
fn file(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name))
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn json(name: &str) -> Value {
    serde_json::from_str(&file(name)).unwrap()
}

/// What cargo says of the packages that `Cargo.lock` names.
fn metadata() -> Value {
    let cargo = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(cargo.status.success(), "{}", String::from_utf8_lossy(&cargo.stderr));
    serde_json::from_slice(&cargo.stdout).unwrap()
}

fn packages(metadata: &Value) -> impl Iterator<Item = &Value> {
    metadata["packages"].as_array().unwrap().iter()
}

fn text<'a>(package: &'a Value, field: &str) -> &'a str {
    package[field].as_str().unwrap_or_default()
}

/// The packages of a lock file of npm: their paths, and what is said of them.
fn npm_packages(lock: &Value) -> impl Iterator<Item = (&String, &Value)> {
    lock["packages"].as_object().unwrap().iter().filter(|(path, _)| !path.is_empty())
}

#[test]
fn every_package_comes_from_the_one_registry_as_it_was_locked() {
    let metadata = metadata();
    let sources: BTreeSet<_> = packages(&metadata).filter_map(|package| package["source"].as_str()).collect();
    assert_eq!(sources.len(), 1, "{sources:?}");
    assert!(sources.iter().all(|source| source.starts_with("registry+")), "{sources:?}");

    let unlocked: Vec<_> = rules::locked(&file("Cargo.lock"))
        .into_iter()
        .filter(|package| !package.name.starts_with("clinigraph") && package.checksum.is_none())
        .collect();
    assert!(unlocked.is_empty(), "{unlocked:?}");

    for folder in LOCKS_OF_NPM {
        let lock = json(&format!("{folder}/package-lock.json"));
        assert_eq!(lock["lockfileVersion"], 3, "{folder}");
        let loose: Vec<_> = npm_packages(&lock)
            .filter(|(_, package)| !package["integrity"].is_string() || package["link"] == true)
            .map(|(path, _)| path)
            .collect();
        assert!(loose.is_empty(), "{folder}: {loose:?}");
    }
}

#[test]
fn every_licence_is_one_that_is_allowed() {
    let rules = Rules::read(&file("deny.toml"));
    let metadata = metadata();
    let allowed = |expression: &str| licence::is_allowed(expression, &|licence| rules.licences.contains(licence));

    let refused: Vec<_> = packages(&metadata)
        .filter(|package| !allowed(text(package, "license")))
        .map(|package| format!("{}: {}", text(package, "name"), text(package, "license")))
        .collect();
    assert!(refused.is_empty(), "{refused:?}");

    // What only builds the page is not passed on.
    let lock = json("web/package-lock.json");
    let refused: Vec<_> = npm_packages(&lock)
        .filter(|(_, package)| package["dev"] != true && !allowed(text(package, "license")))
        .map(|(path, package)| format!("{path}: {}", text(package, "license")))
        .collect();
    assert!(refused.is_empty(), "{refused:?}");
}

#[test]
fn nothing_banned_is_used() {
    let rules = Rules::read(&file("deny.toml"));
    let metadata = metadata();
    let used: Vec<_> =
        packages(&metadata).map(|package| text(package, "name")).filter(|name| rules.banned.contains(*name)).collect();

    assert!(rules.banned.contains("openssl-sys"));
    assert_eq!(used, Vec::<&str>::new());
}

#[test]
fn a_package_has_one_version_unless_the_rules_say_otherwise() {
    let metadata = metadata();
    let mut versions: BTreeMap<&str, Vec<Vec<u64>>> = BTreeMap::new();
    for package in packages(&metadata) {
        let version = text(package, "version").split(['-', '+']).next().unwrap();
        let version = version.split('.').map(|part| part.parse().unwrap()).collect();
        versions.entry(text(package, "name")).or_default().push(version);
    }
    let mut older = BTreeSet::new();
    for (name, mut versions) in versions {
        versions.sort();
        versions.pop();
        for version in versions {
            let version: Vec<_> = version.iter().map(u64::to_string).collect();
            older.insert(format!("{name}@{}", version.join(".")));
        }
    }

    assert_eq!(older, Rules::read(&file("deny.toml")).older);
}

#[test]
fn no_command_leaves_the_lock_files_behind() {
    const LOCKING: [&str; 6] = ["build", "test", "clippy", "bench", "run", "install"];
    let mut found = 0;
    for name in ["Makefile", ".ci/run"] {
        for line in file(name).lines() {
            let words: Vec<_> = line.split([' ', '\t', '(', ')', '"', ';']).filter(|word| !word.is_empty()).collect();
            for pair in words.windows(2) {
                match pair {
                    ["cargo", command] if LOCKING.contains(command) => {
                        found += 1;
                        assert!(words.contains(&"--locked"), "{name}: {line}");
                    }
                    ["npm", command] if command.bytes().all(|byte| byte.is_ascii_lowercase()) => {
                        found += 1;
                        assert!(["ci", "run"].contains(command), "{name}: {line}");
                    }
                    _ => {}
                }
            }
        }
    }
    assert!(found > 10, "{found}");
}

/// With `SBOM` in the environment the bill is written there.
#[test]
fn the_bill_of_materials_names_what_is_built_in() {
    let bill = bill::of(&metadata(), &rules::locked(&file("Cargo.lock")), &json("web/package-lock.json"));

    let components = bill["components"].as_array().unwrap();
    let named = |name: &str| components.iter().find(|component| component["name"] == name);
    let axum = named("axum").unwrap();
    assert_eq!(axum["purl"], format!("pkg:cargo/axum@{}", axum["version"].as_str().unwrap()));
    assert_eq!(axum["licenses"][0]["expression"], "MIT");
    assert_eq!(axum["hashes"][0]["content"].as_str().unwrap().len(), 64);
    assert!(named("ring").is_some() && named("react").is_some() && named("@graphiql/react").is_some());
    assert!(named("insta").is_none() && named("vite").is_none(), "only tests and builds use them");
    let references: BTreeSet<_> = components.iter().map(|component| text(component, "bom-ref")).collect();
    assert_eq!(references.len(), components.len(), "each is named once");
    for dependency in bill["dependencies"].as_array().unwrap() {
        for on in dependency["dependsOn"].as_array().unwrap() {
            assert!(references.contains(on.as_str().unwrap()), "{on}");
        }
    }
    if let Some(path) = std::env::var_os("SBOM") {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        std::fs::write(path, serde_json::to_string_pretty(&bill).unwrap() + "\n").unwrap();
    }
}
