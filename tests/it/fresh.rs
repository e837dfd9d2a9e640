//! Generated files are the ones that would be generated now. `make schema` (`UPDATE=1`) writes them anew.

use std::path::Path;

/// Compares a committed file with what it should be, or writes it.
fn check(name: &str, wanted: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, wanted).unwrap();
    }
    let there = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(there == wanted, "{name} is stale: run `make schema` and read the difference");
}

#[test]
fn schema_graphql_is_fresh() {
    check("schema.graphql", &clinigraph::graphql::sdl());
}
