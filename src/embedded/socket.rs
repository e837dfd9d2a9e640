//! The directory of the Unix socket: private, and with a path short enough for the kernel.

use std::{
    fs::{DirBuilder, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use rustix::process::geteuid;

use super::{
    Error,
    home::{Home, short_hash},
    identity::Identity,
};

pub const PORT: u16 = 5432;
const FILE_PREFIX: &str = ".s.PGSQL.";
/// What `sockaddr_un` holds, less the closing NUL.
const PATH_LIMIT: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// Makes the directory beside the cluster, or under the system's directories for such things when that path would be
/// too long.
pub fn settle(home: &Home) -> Result<PathBuf, Error> {
    let mut tried = Vec::new();
    for dir in candidates(&home.dir) {
        if fits(&dir) && make_private(&dir, &home.identity).is_ok() && home.identity.can_enter(&dir) {
            return Ok(dir);
        }
        tried.push(dir);
    }
    Err(Error::NoSocketDir { tried })
}

/// Removes what a killed Postgres left. Its lock file names a process id; when that id runs again as another program,
/// which is common in containers, Postgres would refuse to start.
pub fn sweep(dir: &Path) -> Result<(), Error> {
    for entry in dir.read_dir().map_err(Error::io("read", dir))?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(FILE_PREFIX) {
            std::fs::remove_file(entry.path()).map_err(Error::io("remove", entry.path()))?;
        }
    }
    Ok(())
}

pub fn url(dir: &Path, role: &str, database: &str) -> String {
    use std::os::unix::ffi::OsStrExt;

    let host = encode(dir.as_os_str().as_bytes());
    format!("postgresql://{}@{host}:{PORT}/{}", encode(role.as_bytes()), encode(database.as_bytes()))
}

fn candidates(home: &Path) -> Vec<PathBuf> {
    let name = format!("clinigraph-{}", short_hash(home));
    let mut dirs = vec![home.join("socket")];
    if geteuid().is_root() {
        dirs.push(Path::new("/run").join(&name));
    } else if let Some(runtime) = std::env::var_os("XDG_RUNTIME_DIR") {
        dirs.push(Path::new(&runtime).join(&name));
    }
    dirs.extend([std::env::temp_dir().join(&name), Path::new("/tmp").join(&name)]);
    dirs.retain(|dir| dir.is_absolute());
    dirs.dedup();
    dirs
}

fn fits(dir: &Path) -> bool {
    dir.as_os_str().len() + format!("/{FILE_PREFIX}{PORT}").len() <= PATH_LIMIT
}

/// In a shared directory anyone could have made the name first, so what exists has to be ours or the user's already.
fn make_private(dir: &Path, identity: &Identity) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let meta = std::fs::symlink_metadata(dir)?;
    let trusted = meta.uid() == identity.uid || meta.uid() == geteuid().as_raw();
    if !meta.is_dir() || !trusted {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    if !identity.owns_privately(dir) {
        identity.own(dir).map_err(io::Error::other)?;
        std::fs::set_permissions(dir, Permissions::from_mode(0o700))?;
    }
    if identity.owns_privately(dir) { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}

fn encode(bytes: &[u8]) -> String {
    use std::fmt::Write;

    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            text.push(char::from(*byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_limit_is_kept_to_the_byte() {
        let longest = PATH_LIMIT - "/.s.PGSQL.5432".len();
        assert!(fits(Path::new(&"d".repeat(longest))));
        assert!(!fits(Path::new(&"d".repeat(longest + 1))));
    }

    #[test]
    fn a_long_home_still_has_a_short_candidate() {
        let home = PathBuf::from(format!("/{}", "long/".repeat(40)));
        let fitting: Vec<PathBuf> = candidates(&home).into_iter().filter(|dir| fits(dir)).collect();
        assert!(!fitting.is_empty());
        assert!(fitting.iter().all(|dir| !dir.starts_with(&home)));
    }

    #[test]
    fn urls_encode_what_would_end_a_part() {
        let url = url(Path::new("/tmp/a b"), "own@er", "clinic/1");
        assert_eq!(url, "postgresql://own%40er@%2Ftmp%2Fa%20b:5432/clinic%2F1");
    }

    #[test]
    fn a_link_is_not_taken_for_a_private_directory() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(dir.path(), &link).unwrap();
        let identity = Identity::ourselves();
        assert!(make_private(&link, &identity).is_err());
        make_private(&dir.path().join("new"), &identity).unwrap();
    }
}
