//! The file Postgres writes its own log to.

use std::{
    fs::{File, OpenOptions},
    io::{Read, Seek, SeekFrom},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::Error;

const NAME: &str = "postgres.log";
const ROTATE_AT: u64 = 8 * 1024 * 1024;
const TAIL_BYTES: u64 = 4096;
const TAIL_LINES: usize = 15;

#[derive(Debug)]
pub struct ServerLog {
    path: PathBuf,
}

impl ServerLog {
    /// Keeps one older file, so that the log never grows without end.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let path = dir.join(NAME);
        if std::fs::metadata(&path).is_ok_and(|meta| meta.len() > ROTATE_AT) {
            std::fs::rename(&path, path.with_extension("log.old")).map_err(Error::io("rename", &path))?;
        }
        Ok(Self { path })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Sends both streams of the program here.
    pub fn attach(&self, command: &mut Command) -> Result<(), Error> {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&self.path)
            .map_err(Error::io("open", &self.path))?;
        let twin = file.try_clone().map_err(Error::io("open", &self.path))?;
        command.stdout(Stdio::from(file)).stderr(Stdio::from(twin));
        Ok(())
    }

    /// Position of the next line.
    pub fn mark(&self) -> u64 {
        std::fs::metadata(&self.path).map_or(0, |meta| meta.len())
    }

    /// The last lines written since `mark`; empty when there is nothing to read.
    pub fn tail(&self, mark: u64) -> String {
        let mut bytes = Vec::new();
        let start = self.mark().saturating_sub(TAIL_BYTES).max(mark);
        let _ = File::open(&self.path).and_then(|mut file| {
            file.seek(SeekFrom::Start(start))?;
            file.read_to_end(&mut bytes)
        });
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        lines.get(lines.len().saturating_sub(TAIL_LINES)..).unwrap_or_default().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_begins_at_the_mark() {
        let dir = tempfile::tempdir().unwrap();
        let log = ServerLog::open(dir.path()).unwrap();
        assert_eq!(log.tail(0), "");
        std::fs::write(log.path(), "old\n").unwrap();
        let mark = log.mark();
        let lines: Vec<String> = (0..20).map(|n| format!("line {n}")).collect();
        std::fs::write(log.path(), format!("old\n{}\n", lines.join("\n"))).unwrap();
        let tail = log.tail(mark);
        assert!(tail.starts_with("line 5\n") && tail.ends_with("line 19"), "{tail}");
    }
}
