//! Where the cluster lives, and what is remembered about it.
//!
//! Normally that is the data directory. A root server hands the cluster to an ordinary user, though, who cannot come
//! below a closed directory such as `/root`; then the cluster goes to a directory of the system, and the record in the
//! data directory says which.

use std::{
    fs::{DirBuilder, File, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::{
        ffi::OsStrExt,
        fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    },
    path::{Path, PathBuf},
};

use rustix::process::geteuid;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha512};
use tracing::{info, warn};

use super::{Error, binaries::Binaries, identity::Identity};

const RECORD: &str = "embedded.json";
const CLUSTER: &str = "postgres";

#[derive(Debug)]
pub struct Home {
    pub dir: PathBuf,
    pub identity: Identity,
    /// The version that made the cluster; none when there is no cluster yet.
    pub major: Option<u32>,
    /// The programs that ran it last.
    pub binaries: Option<PathBuf>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    major: u32,
    binaries: PathBuf,
    /// None: the data directory itself.
    home: Option<PathBuf>,
    /// Distinguishes a copied data directory from the one that owns `home`.
    data_dir: PathBuf,
}

/// Makes the data directory when missing and answers its real path.
pub fn open_data_dir(dir: &Path) -> Result<PathBuf, Error> {
    // Root lets others pass through, but not look around: Postgres, as another user, has to come to the cluster.
    let mode = if geteuid().is_root() { 0o711 } else { 0o700 };
    DirBuilder::new().recursive(true).mode(mode).create(dir).map_err(Error::io("create", dir))?;
    dir.canonicalize().map_err(Error::io("open", dir))
}

/// Short enough for a socket path, and different for every directory.
pub fn short_hash(path: &Path) -> String {
    let digest = Sha512::digest(path.as_os_str().as_bytes());
    let number = digest.iter().take(8).fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
    format!("{number:016x}")
}

impl Home {
    pub fn settle(data_dir: &Path, durable: bool) -> Result<Self, Error> {
        let record = Record::read(data_dir)?.filter(|record| !record.is_copied_to(data_dir));
        let elsewhere = system_dir(data_dir, durable);
        let recorded = record.as_ref().and_then(|record| record.home.clone());
        let fallback = geteuid().is_root().then(|| elsewhere.clone());
        let candidates = [recorded, Some(data_dir.to_owned()), fallback];
        let found = candidates.into_iter().flatten().find(|dir| dir.join(CLUSTER).symlink_metadata().is_ok());
        if let Some(dir) = found {
            return Self::existing(&dir, record);
        }
        if let Some(record) = record {
            let dir = record.home.unwrap_or_else(|| data_dir.to_owned());
            return Err(Error::MissingCluster { cluster: dir.join(CLUSTER), record: data_dir.join(RECORD) });
        }
        let identity = Identity::for_new_cluster(data_dir)?;
        let dir = if identity.can_enter(data_dir) || let_pass(data_dir, &identity) {
            data_dir.to_owned()
        } else {
            move_out(data_dir, elsewhere, &identity)?
        };
        let dir = dir.canonicalize().map_err(Error::io("open", &dir))?;
        Ok(Self { dir, identity, major: None, binaries: None })
    }

    pub fn cluster(&self) -> PathBuf {
        self.dir.join(CLUSTER)
    }

    pub fn side_cluster(&self) -> PathBuf {
        self.dir.join("postgres.new")
    }

    pub fn remember(&self, data_dir: &Path, binaries: &Binaries) -> Result<(), Error> {
        let record = Record {
            major: binaries.major,
            binaries: binaries.dir.clone(),
            home: (self.dir != data_dir).then(|| self.dir.clone()),
            data_dir: data_dir.to_owned(),
        };
        // The home outside carries the record too, so that it knows whose it is.
        for dir in [&self.dir, data_dir] {
            if Record::read(dir)?.is_none_or(|known| known != record) {
                record.write(dir)?;
            }
        }
        Ok(())
    }

    fn existing(dir: &Path, record: Option<Record>) -> Result<Self, Error> {
        let dir = dir.canonicalize().map_err(Error::io("open", dir))?;
        let cluster = dir.join(CLUSTER);
        let identity = Identity::for_cluster(&cluster)?;
        if !identity.can_enter(&dir) && !let_pass(&dir, &identity) {
            return Err(Error::NotTraversable { culprit: identity.culprit(&dir), user: identity.name, dir });
        }
        let version = std::fs::read_to_string(cluster.join("PG_VERSION"));
        let Some(major) = version.ok().and_then(|text| text.trim().parse().ok()) else {
            return Err(Error::NotACluster { path: cluster });
        };
        if record.is_none() {
            info!(postgres.cluster = %cluster.display(), "using the Postgres cluster found here");
        }
        Ok(Self { dir, identity, major: Some(major), binaries: record.map(|record| record.binaries) })
    }
}

impl Record {
    fn read(data_dir: &Path) -> Result<Option<Self>, Error> {
        let path = data_dir.join(RECORD);
        match std::fs::read(&path) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes).map(Some).map_err(io::Error::from).map_err(Error::io("read", path))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::Io { doing: "read", path, source: error }),
        }
    }

    fn write(&self, data_dir: &Path) -> Result<(), Error> {
        let path = data_dir.join(RECORD);
        let side = data_dir.join(format!("{RECORD}.new"));
        let mut bytes = serde_json::to_vec_pretty(self).map_err(io::Error::from).map_err(Error::io("write", &path))?;
        bytes.push(b'\n');
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o644)
            .open(&side)
            .and_then(|mut file| file.write_all(&bytes).and_then(|()| file.sync_all()))
            .and_then(|()| std::fs::rename(&side, &path))
            .and_then(|()| File::open(data_dir)?.sync_all())
            .map_err(Error::io("write", &path))
    }

    /// Two copies must not share one cluster; one that was moved keeps its own.
    fn is_copied_to(&self, data_dir: &Path) -> bool {
        let copied = self.home.is_some() && self.data_dir != data_dir && self.data_dir.join(RECORD).exists();
        if copied {
            warn!(original = %self.data_dir.display(), "the data directory is a copy without the data; starting empty");
        }
        copied
    }
}

/// Opens our own directory to the user for passing through. Only the last step: parents are not ours to change.
fn let_pass(dir: &Path, identity: &Identity) -> bool {
    let Ok(meta) = std::fs::metadata(dir) else { return false };
    let parent_open = dir.parent().is_some_and(|parent| identity.can_enter(parent));
    let mode = Permissions::from_mode(meta.mode() & 0o7777 | 0o001);
    parent_open
        && meta.uid() == geteuid().as_raw()
        && std::fs::set_permissions(dir, mode).is_ok()
        && identity.can_enter(dir)
}

/// The home outside. The first name can be taken: a data directory that was moved here and away again keeps its own.
fn system_dir(data_dir: &Path, durable: bool) -> PathBuf {
    let base = match (durable, cfg!(target_os = "macos")) {
        (false, _) => std::env::temp_dir(),
        (true, true) => PathBuf::from("/usr/local/var"),
        (true, false) => PathBuf::from("/var/lib"),
    };
    let first = base.join(format!("clinigraph-{}", short_hash(data_dir)));
    let further = (2..100).map(|number| PathBuf::from(format!("{}-{number}", first.display())));
    let free = std::iter::once(first.clone()).chain(further).find(|dir| !is_taken(dir, data_dir));
    free.unwrap_or(first)
}

fn is_taken(home: &Path, data_dir: &Path) -> bool {
    let read = |dir: &Path| Record::read(dir).ok().flatten();
    let owner = read(home).filter(|record| record.data_dir != data_dir);
    owner.and_then(|record| read(&record.data_dir)).is_some_and(|record| record.home.as_deref() == Some(home))
}

fn move_out(data_dir: &Path, dir: PathBuf, identity: &Identity) -> Result<PathBuf, Error> {
    let closed = || Error::NotTraversable {
        user: identity.name.clone(),
        dir: data_dir.to_owned(),
        culprit: identity.culprit(data_dir),
    };
    // One that was deleted under us cannot be entered either, and needs no other home.
    std::fs::metadata(data_dir).map_err(Error::io("open", data_dir))?;
    match DirBuilder::new().mode(0o711).create(&dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(closed()),
        _ => {}
    }
    let ours = dir.symlink_metadata().is_ok_and(|meta| meta.is_dir() && meta.uid() == geteuid().as_raw());
    if !ours || !(identity.can_enter(&dir) || let_pass(&dir, identity)) {
        return Err(closed());
    }
    let note = format!("The Postgres cluster of {} lives here.\n", data_dir.display());
    std::fs::write(dir.join("README"), note).map_err(Error::io("write", &dir))?;
    warn!(
        user = %identity.name,
        closed = %identity.culprit(data_dir).display(),
        postgres.home = %dir.display(),
        "Postgres cannot enter the data directory as an ordinary user, so the data is stored elsewhere"
    );
    Ok(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(home: Option<&str>, data_dir: &Path) -> Record {
        let home = home.map(PathBuf::from);
        Record { major: 17, binaries: "/opt/pg/bin".into(), home, data_dir: data_dir.to_owned() }
    }

    #[test]
    fn a_record_comes_back_as_written() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Record::read(dir.path()).unwrap(), None);
        let record = record(Some("/srv/x"), dir.path());
        record.write(dir.path()).unwrap();
        assert_eq!(Record::read(dir.path()).unwrap(), Some(record));
        std::fs::write(dir.path().join(RECORD), "{").unwrap();
        assert!(matches!(Record::read(dir.path()), Err(Error::Io { .. })));
    }

    #[test]
    fn a_moved_directory_keeps_its_cluster_and_a_copy_does_not_share_it() {
        let (original, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let outside = record(Some("/srv/x"), original.path());
        assert!(!outside.is_copied_to(other.path()));
        outside.write(original.path()).unwrap();
        assert!(outside.is_copied_to(other.path()));
        assert!(!outside.is_copied_to(original.path()));
        assert!(!record(None, original.path()).is_copied_to(other.path()));
    }

    #[test]
    fn a_home_outside_belongs_to_one_data_directory() {
        let (home, owner, other) =
            (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let record = record(home.path().to_str(), owner.path());
        record.write(home.path()).unwrap();
        assert!(!is_taken(home.path(), other.path()), "the owner is gone");
        record.write(owner.path()).unwrap();
        assert!(is_taken(home.path(), other.path()));
        assert!(!is_taken(home.path(), owner.path()));
    }

    #[test]
    fn a_recorded_cluster_that_is_gone_is_not_replaced_by_an_empty_one() {
        let dir = tempfile::tempdir().unwrap();
        record(None, dir.path()).write(dir.path()).unwrap();
        assert!(matches!(Home::settle(dir.path(), true), Err(Error::MissingCluster { .. })));
    }
}
