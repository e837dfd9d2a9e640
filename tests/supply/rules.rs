//! `deny.toml` and `Cargo.lock`, as far as these tests need them.

use std::collections::BTreeSet;

/// What `deny.toml` says.
pub struct Rules {
    pub licences: BTreeSet<String>,
    pub banned: BTreeSet<String>,
    /// Versions that may be there beside newer ones, as `name@version`.
    pub older: BTreeSet<String>,
}

impl Rules {
    pub fn read(text: &str) -> Self {
        let list = |section: &str, key: &str| {
            let (mut within, mut open, mut found) = (String::new(), false, BTreeSet::new());
            for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
                if !open && line.starts_with('[') {
                    within = line.trim_matches(['[', ']']).to_owned();
                } else if line == format!("{key} = [") && within == section {
                    open = true;
                } else if line == "]" {
                    open = false;
                } else if open {
                    found.insert(line.trim_end_matches(',').trim_matches('"').to_owned());
                }
            }
            assert!(!found.is_empty(), "deny.toml has no list {key} in [{section}]");
            found
        };
        Self { licences: list("licenses", "allow"), banned: list("bans", "deny"), older: list("bans", "skip") }
    }
}

/// A package of `Cargo.lock`.
#[derive(Debug)]
pub struct Locked {
    pub name: String,
    pub version: String,
    pub checksum: Option<String>,
}

pub fn locked(text: &str) -> Vec<Locked> {
    let packages = text.split("[[package]]").skip(1);
    let of = |package: &str, key: &str| {
        let value = package.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \""))?;
        Some(value.trim_end_matches('"').to_owned())
    };
    packages
        .map(|package| Locked {
            name: of(package, "name").unwrap(),
            version: of(package, "version").unwrap(),
            checksum: of(package, "checksum"),
        })
        .collect()
}
