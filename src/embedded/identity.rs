//! Which user Postgres runs as. It refuses to run as root, so root changes to an ordinary user.

use std::{
    io,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use rustix::process::geteuid;

use super::Error;

/// Users root changes to, best first. One of our own shares nothing with other services.
const CANDIDATES: [&str; 3] = ["clinigraph", "postgres", "nobody"];

#[derive(Debug, Clone)]
pub struct Identity {
    pub name: String,
    pub uid: u32,
    /// The group to change to; none when the server is not root and everything runs as it is.
    gid: Option<u32>,
}

impl Identity {
    /// Who is to own a cluster below `data_dir`. A root server takes the owner of that directory when it is a user.
    pub fn for_new_cluster(data_dir: &Path) -> Result<Self, Error> {
        let uid = geteuid();
        let users = Users::read();
        if !uid.is_root() {
            return Ok(Self { name: users.name(uid.as_raw()), uid: uid.as_raw(), gid: None });
        }
        let owner = std::fs::metadata(data_dir).ok().and_then(|meta| users.find(|user| user.uid == meta.uid()));
        let user = owner
            .into_iter()
            .chain(CANDIDATES.iter().filter_map(|name| users.find(|user| user.name == *name)))
            .find(|user| user.uid != 0)
            .ok_or(Error::NoOrdinaryUser)?;
        Self { name: user.name.clone(), uid: user.uid, gid: Some(user.gid) }.checked()
    }

    /// Who owns the cluster; as any other user than root that has to be us.
    pub fn for_cluster(cluster: &Path) -> Result<Self, Error> {
        let meta = std::fs::metadata(cluster).map_err(Error::io("open", cluster))?;
        let (uid, gid) = (meta.uid(), meta.gid());
        let name = Users::read().name(uid);
        if !geteuid().is_root() {
            if uid != geteuid().as_raw() {
                return Err(Error::ForeignCluster { path: cluster.to_owned(), owner: uid });
            }
            return Ok(Self { name, uid, gid: None });
        }
        if uid == 0 {
            return Err(Error::NotACluster { path: cluster.to_owned() });
        }
        Self { name, uid, gid: Some(gid) }.checked()
    }

    fn checked(self) -> Result<Self, Error> {
        match self.probe(Path::new("/")) {
            Ok(()) => Ok(self),
            Err(source) => Err(Error::CannotChangeUser { user: self.name, source }),
        }
    }

    /// Lets the program run as this user. The other groups of root are dropped along with its id.
    pub fn apply(&self, command: &mut Command) {
        if let Some(gid) = self.gid {
            command.uid(self.uid).gid(gid);
        }
    }

    /// Gives a file or directory to this user.
    pub fn own(&self, path: &Path) -> Result<(), Error> {
        match self.gid {
            Some(gid) => chown(path, Some(self.uid), Some(gid)).map_err(Error::io("change the owner of", path)),
            None => Ok(()),
        }
    }

    pub fn can_enter(&self, dir: &Path) -> bool {
        self.gid.is_none() || self.probe(dir).is_ok()
    }

    /// The first directory on the way to `dir` that is closed to this user.
    pub fn culprit(&self, dir: &Path) -> PathBuf {
        let mut path: Vec<&Path> = dir.ancestors().collect();
        path.reverse();
        path.into_iter().find(|directory| !self.can_enter(directory)).unwrap_or(dir).to_owned()
    }

    /// Whether the user owns the directory and no one else can enter it. A link does not count.
    pub fn owns_privately(&self, dir: &Path) -> bool {
        std::fs::symlink_metadata(dir)
            .is_ok_and(|meta| meta.is_dir() && meta.uid() == self.uid && meta.mode() & 0o077 == 0)
    }

    /// Really goes there as the user: mode bits alone miss access lists, mounts and namespaces.
    fn probe(&self, dir: &Path) -> io::Result<()> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", ":"]).current_dir(dir);
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.apply(&mut command);
        command.status().map(drop)
    }
}

/// The users of `/etc/passwd`. Directory services know more, but none that a server should change to by itself.
struct Users(Vec<PasswdEntry>);

struct PasswdEntry {
    name: String,
    uid: u32,
    gid: u32,
}

impl Users {
    fn read() -> Self {
        Self::parse(&std::fs::read_to_string("/etc/passwd").unwrap_or_default())
    }

    fn parse(text: &str) -> Self {
        let entry = |line: &str| {
            let mut fields = line.split(':');
            let name = fields.next()?.to_owned();
            let uid = fields.nth(1)?.parse().ok()?;
            Some(PasswdEntry { name, uid, gid: fields.next()?.parse().ok()? })
        };
        Self(text.lines().filter_map(entry).collect())
    }

    fn find(&self, wanted: impl Fn(&PasswdEntry) -> bool) -> Option<&PasswdEntry> {
        self.0.iter().find(|user| wanted(user))
    }

    fn name(&self, uid: u32) -> String {
        self.find(|user| user.uid == uid).map_or_else(|| format!("user id {uid}"), |user| user.name.clone())
    }
}

#[cfg(test)]
impl Identity {
    pub fn ourselves() -> Self {
        Self { name: "ourselves".to_owned(), uid: geteuid().as_raw(), gid: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_read_with_their_groups() {
        let users =
            Users::parse("root:x:0:0::/root:/bin/sh\n# macOS\nnobody:*:-2:-2::/:/x\npostgres:x:26:27:,,,:/v:/b\n");
        let postgres = users.find(|user| user.name == "postgres").unwrap();
        assert_eq!((postgres.uid, postgres.gid), (26, 27));
        assert_eq!(users.name(26), "postgres");
        assert_eq!(users.name(7), "user id 7");
    }
}
