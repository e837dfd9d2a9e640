//! Finding the Postgres programs.

use std::{
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use tracing::{info, warn};

use super::{Error, Options, download, home::Home, identity::Identity, program};

/// The major versions the schema is written for.
pub const SUPPORTED: RangeInclusive<u32> = 15..=18;

/// Where packages put the programs; `*` matches any part of one name.
const PLACES: [&str; 11] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/lib/postgresql*/bin",
    "/usr/libexec/postgresql*",
    "/usr/pgsql-*/bin",
    "/usr/local/pgsql/bin",
    "/usr/local/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/opt/homebrew/bin",
    "/usr/local/opt/postgresql*/bin",
    "/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    pub dir: PathBuf,
    pub major: u32,
}

/// The programs for this home. A cluster that exists decides the major version; otherwise the newest one wins.
pub fn choose(options: &Options, home: &Home) -> Result<Binaries, Error> {
    if let Some(major) = home.major.filter(|major| !SUPPORTED.contains(major)) {
        return Err(Error::UnsupportedMajor { dir: home.dir.clone(), major });
    }
    let fits = |binaries: &Binaries| {
        SUPPORTED.contains(&binaries.major) && home.major.is_none_or(|major| major == binaries.major)
    };
    if let Some(dir) = &options.binaries {
        let binaries = explicit(dir, home)?;
        return if fits(&binaries) { Ok(binaries) } else { Err(unfit(home, &[binaries], "")) };
    }
    let outdated = |binaries: &Binaries| download::is_outdated(&home.dir, &binaries.dir);
    let recorded = home.binaries.as_deref().filter(|dir| options.use_installed || dir.starts_with(&home.dir));
    let recorded = recorded.and_then(|dir| inspect(dir, &home.identity).ok());
    if let Some(binaries) = recorded.filter(|binaries| fits(binaries) && !outdated(binaries)) {
        return Ok(binaries);
    }
    let mut found = if options.use_installed { installed(&home.identity) } else { Vec::new() };
    let fetched = expand(&home.dir, download::PLACE);
    found.extend(fetched.iter().filter_map(|dir| inspect(dir, &home.identity).ok()));
    if let Some(binaries) = newest(found.iter().filter(|binaries| fits(binaries) && !outdated(binaries))) {
        return Ok(binaries);
    }
    fetch(home, &found)
}

/// Fetches the pinned version when it fits. Without a network the one of an earlier release goes on serving.
fn fetch(home: &Home, found: &[Binaries]) -> Result<Binaries, Error> {
    if home.major.is_some_and(|major| major != download::MAJOR) {
        return Err(unfit(home, found, ""));
    }
    let older = found.iter().find(|binaries| binaries.dir.starts_with(&home.dir) && binaries.major == download::MAJOR);
    info!(postgres.version = download::VERSION, "no fitting Postgres is installed; fetching one");
    let fetched = download::fetch(home).and_then(|dir| {
        inspect(&dir, &home.identity).map_err(|reason| {
            download::discard(&home.dir, &dir);
            Error::Download(format!("it does not run here: {reason}"))
        })
    });
    match (fetched, older) {
        (Ok(binaries), older) => {
            if let Some(older) = older {
                download::discard(&home.dir, &older.dir);
            }
            Ok(binaries)
        }
        (Err(error), Some(older)) => {
            warn!(%error, postgres.binaries = %older.dir.display(), "using the Postgres of an earlier release");
            Ok(older.clone())
        }
        (Err(Error::Download(why)), None) => Err(unfit(home, found, &why)),
        (Err(error), None) => Err(error),
    }
}

/// What an executable reports about itself; the reason when it cannot be used.
fn inspect(dir: &Path, identity: &Identity) -> Result<Binaries, String> {
    // Distributions link the programs into common directories; their own directory is the stable one.
    let postgres = dir.join("postgres").canonicalize().map_err(|error| format!("postgres: {error}"))?;
    let dir = postgres.parent().unwrap_or(dir).to_owned();
    if !dir.join("initdb").is_file() {
        return Err(format!("{} has no initdb", dir.display()));
    }
    let mut command = program::command(&postgres, identity);
    command.arg("--version");
    let (_, text) = program::output(command).map_err(|error| format!("{}: {error}", postgres.display()))?;
    let major = parse_major(&text).ok_or_else(|| format!("{}: {text}", postgres.display()))?;
    Ok(Binaries { dir, major })
}

fn explicit(dir: &Path, home: &Home) -> Result<Binaries, Error> {
    let bad = |reason| Error::BadBinaries { dir: dir.to_owned(), reason };
    let found =
        inspect(dir, &home.identity).or_else(|reason| inspect(&dir.join("bin"), &home.identity).map_err(|_| reason));
    let binaries = found.map_err(bad)?;
    if SUPPORTED.contains(&binaries.major) {
        Ok(binaries)
    } else {
        let (first, last) = (SUPPORTED.start(), SUPPORTED.end());
        Err(bad(format!("it is version {}, and {first} to {last} are supported", binaries.major)))
    }
}

fn unfit(home: &Home, found: &[Binaries], why_no_download: &str) -> Error {
    let mut majors: Vec<u32> = found.iter().map(|binaries| binaries.major).collect();
    majors.sort_unstable();
    majors.dedup();
    let why_no_download = why_no_download.to_owned();
    match home.major {
        Some(cluster) => Error::OtherMajor { dir: home.dir.clone(), cluster, found: majors, why_no_download },
        None => Error::NoBinaries { found: majors, why_no_download },
    }
}

fn installed(identity: &Identity) -> Vec<Binaries> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut dirs: Vec<PathBuf> = std::env::split_paths(&path).collect();
    dirs.extend(PLACES.iter().flat_map(|place| expand(Path::new("/"), place)));
    if let Ok((true, text)) = program::output({
        let mut command = program::command(Path::new("pg_config"), identity);
        command.arg("--bindir");
        command
    }) {
        dirs.push(PathBuf::from(text));
    }
    let mut found: Vec<Binaries> = Vec::new();
    let mut seen: Vec<PathBuf> = Vec::new();
    for dir in dirs.iter().filter(|dir| dir.is_absolute()) {
        let Ok(postgres) = dir.join("postgres").canonicalize() else { continue };
        if !seen.contains(&postgres) {
            found.extend(inspect(dir, identity));
            seen.push(postgres);
        }
    }
    found
}

/// The first of the highest major version, so that the order of the places decides among equals.
fn newest<'a>(found: impl Iterator<Item = &'a Binaries>) -> Option<Binaries> {
    found.reduce(|best, next| if next.major > best.major { next } else { best }).cloned()
}

/// From `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn parse_major(text: &str) -> Option<u32> {
    let version = text.split("(PostgreSQL) ").nth(1)?;
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn expand(root: &Path, place: &str) -> Vec<PathBuf> {
    let mut found = vec![root.to_owned()];
    for part in place.split('/').filter(|part| !part.is_empty()) {
        found = match part.split_once('*') {
            None => found.into_iter().map(|dir| dir.join(part)).collect(),
            Some((start, end)) => found.iter().flat_map(|dir| matching(dir, start, end)).collect(),
        };
    }
    found
}

fn matching(dir: &Path, start: &str, end: &str) -> Vec<PathBuf> {
    let entries = dir.read_dir().into_iter().flatten().flatten();
    let mut names: Vec<PathBuf> = entries
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.len() > start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
        })
        .map(|entry| entry.path())
        .collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_every_kind_of_build() {
        assert_eq!(parse_major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"), Some(15));
        assert_eq!(parse_major("postgres (PostgreSQL) 17.10"), Some(17));
        assert_eq!(parse_major("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(parse_major("command not found"), None);
    }

    #[test]
    fn the_newest_wins_and_the_first_of_equals() {
        let binaries = |dir: &str, major| Binaries { dir: dir.into(), major };
        let found = [binaries("/a", 15), binaries("/b", 17), binaries("/c", 17), binaries("/d", 16)];
        assert_eq!(newest(found.iter()), Some(binaries("/b", 17)));
        assert_eq!(newest([].iter()), None);
    }

    #[test]
    fn places_are_expanded_by_one_name() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["pgsql-15/bin", "pgsql-17/bin", "other/bin"] {
            std::fs::create_dir_all(dir.path().join(name)).unwrap();
        }
        let found = expand(dir.path(), "pgsql-*/bin");
        assert_eq!(found, ["pgsql-15/bin", "pgsql-17/bin"].map(|name| dir.path().join(name)));
    }
}
