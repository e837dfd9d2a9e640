//! What holds for the whole schema. Its words are checked in `wording.rs`.

#[test]
fn every_entity_is_in_the_list_of_entities() {
    let sdl = clinigraph::graphql::sdl();
    let mut in_schema: Vec<&str> =
        sdl.lines().filter_map(|line| line.strip_prefix("type ")?.strip_suffix(" implements Node {")).collect();
    let mut listed: Vec<&str> = clinigraph::graphql::entities().iter().map(|def| def.type_name).collect();
    in_schema.sort_unstable();
    listed.sort_unstable();

    assert_eq!(in_schema, listed);
}
