//! The direction of imports between modules, as `docs/ARCHITECTURE.md` describes it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// For each module, what it may import. Domain modules also name entities of each other as edges, which may go in circles;
/// they can name nothing else, as the files of a module are private.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("kernel", &["schema"]),
    ("embedded", &[]),
    ("mail", &["kernel"]),
    ("outbound", &[]),
    ("server", &[]),
    ("access", &["kernel", "schema", "clinic", "notification"]),
    ("provider", &["kernel", "schema", "access", "clinic", "external"]),
    ("audit", &["kernel", "schema", "access", "clinic", "export"]),
    ("clinic", &["kernel", "schema", "access", "external", "file", "provider", "support"]),
    ("export", &["kernel", "schema", "access", "clinic", "entities", "file", "jobs", "live", "notification"]),
    ("external", &["kernel", "schema", "clinic"]),
    ("file", &["kernel", "schema", "access", "clinic"]),
    (
        "support",
        &["kernel", "schema", "access", "clinic", "export", "external", "file", "notification", "live", "jobs"],
    ),
    ("integration", &["kernel", "schema", "clinic", "jobs", "live", "notification", "outbound"]),
    ("jobs", &["kernel", "schema", "clinic", "live"]),
    ("webhook", &["kernel", "schema", "access", "clinic", "entities", "jobs", "live", "notification", "outbound"]),
    ("notification", &["kernel", "schema", "access", "clinic", "jobs", "live", "mail", "outbound"]),
    (
        "entities",
        &[
            "kernel",
            "access",
            "audit",
            "clinic",
            "export",
            "external",
            "file",
            "integration",
            "provider",
            "server_info",
            "support",
            "notification",
            "jobs",
            "webhook",
        ],
    ),
    ("live", &["kernel", "schema", "clinic", "entities"]),
    ("server_info", &["kernel"]),
    (
        "graphql",
        &[
            "kernel",
            "access",
            "audit",
            "clinic",
            "export",
            "external",
            "file",
            "integration",
            "provider",
            "support",
            "notification",
            "jobs",
            "entities",
            "live",
            "server_info",
            "webhook",
        ],
    ),
    (
        "pipeline",
        &[
            "kernel",
            "access",
            "file",
            "graphql",
            "integration",
            "live",
            "mail",
            "notification",
            "outbound",
            "server",
            "server_info",
            "webhook",
        ],
    ),
    ("config", &["kernel", "file", "mail", "outbound", "pipeline", "seed", "server"]),
    ("seed", &["kernel", "access"]),
    (
        "demo",
        &[
            "kernel",
            "schema",
            "access",
            "clinic",
            "export",
            "external",
            "file",
            "integration",
            "notification",
            "provider",
            "support",
            "jobs",
            "server",
            "webhook",
        ],
    ),
    (
        "app",
        &[
            "kernel",
            "access",
            "config",
            "demo",
            "embedded",
            "entities",
            "file",
            "integration",
            "jobs",
            "live",
            "mail",
            "notification",
            "pipeline",
            "seed",
            "server",
            "webhook",
        ],
    ),
    ("main", &["app", "config", "graphql"]),
];

/// The macros of declarations, which are exported at the root of the crate.
const MACROS: &[&str] = &[
    "aggregate",
    "entity",
    "events",
    "filter",
    "input",
    "job",
    "json_object",
    "one_of",
    "orders",
    "queries",
    "scalar_field",
    "states",
    "text_enum",
];

fn files(folder: &Path) -> Vec<PathBuf> {
    let inside = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    fs::read_dir(folder).unwrap().flat_map(|entry| inside(entry.unwrap().path())).collect()
}

/// The first names behind `crate::` (or the crate's own name) in a file.
fn imports(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for root in ["crate::", "use clinigraph::"] {
        for (at, _) in text.match_indices(root) {
            let rest = &text[at + root.len()..];
            let first = |text: &str| {
                text.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
                    .next()
                    .unwrap_or_default()
                    .to_owned()
            };
            let Some(group) = rest.strip_prefix('{') else {
                found.insert(first(rest));
                continue;
            };
            let mut depth = 0;
            let mut name = true;
            for (at, letter) in group.char_indices() {
                match letter {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => name = true,
                    letter if letter.is_alphanumeric() && name => {
                        found.insert(first(&group[at..]));
                        name = false;
                    }
                    _ => {}
                }
            }
        }
    }
    found
}

#[test]
fn imports_point_only_where_they_may() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let rules: BTreeMap<_, _> = MAY_IMPORT.iter().copied().collect();
    let mut wrong = Vec::new();
    for file in files(&source).into_iter().filter(|file| file.extension().is_some_and(|ending| ending == "rs")) {
        let inside = file.strip_prefix(&source).unwrap();
        let module =
            inside.components().next().unwrap().as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned();
        if matches!(module.as_str(), "lib" | "schema") {
            continue;
        }
        let Some(may) = rules.get(module.as_str()) else {
            wrong.push(format!("{module} is not among the modules"));
            continue;
        };
        for name in imports(&fs::read_to_string(&file).unwrap()) {
            let name = if MACROS.contains(&name.as_str()) { "kernel" } else { name.as_str() };
            if name != module && !may.contains(&name) {
                wrong.push(format!("{} imports {name}", inside.display()));
            }
        }
    }

    assert_eq!(wrong, Vec::<String>::new());
}
