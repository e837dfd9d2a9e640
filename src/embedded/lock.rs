//! One server per data directory.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, SeekFrom, Write},
    path::Path,
    time::{Duration, Instant},
};

use super::Error;

const NAME: &str = "embedded.lock";
/// A restart can be quicker than the end of the process before it, killed or shutting down.
const PATIENCE: Duration = Duration::from_secs(3);

/// Held while Postgres runs. The kernel lets go of it when the process dies, so a file left behind locks nothing.
#[derive(Debug)]
pub struct Lock {
    files: Vec<File>,
}

impl Lock {
    pub fn take(dir: &Path) -> Result<Self, Error> {
        Ok(Self { files: vec![lock(dir)?] })
    }

    /// Locks a second directory too. Two data directories can name the same home after one was copied.
    pub fn also(&mut self, dir: &Path) -> Result<(), Error> {
        self.files.push(lock(dir)?);
        Ok(())
    }
}

fn lock(dir: &Path) -> Result<File, Error> {
    let path = dir.join(NAME);
    // Truncating on open would wipe the holder's process id.
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(Error::io("open", &path))?;
    let begun = Instant::now();
    let mut attempt = file.try_lock();
    while matches!(attempt, Err(TryLockError::WouldBlock)) && begun.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(25));
        attempt = file.try_lock();
    }
    match attempt {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            let _ = file.read_to_string(&mut text);
            return Err(Error::InUse { dir: dir.to_owned(), pid: text.trim().parse().ok() });
        }
        Err(TryLockError::Error(source)) => return Err(Error::Io { doing: "lock", path, source }),
    }
    file.set_len(0)
        .and_then(|()| file.seek(SeekFrom::Start(0)))
        .and_then(|_| writeln!(file, "{}", std::process::id()))
        .map_err(Error::io("write", &path))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_lock_names_the_holder() {
        let dir = tempfile::tempdir().unwrap();
        let first = Lock::take(dir.path()).unwrap();
        match Lock::take(dir.path()) {
            Err(Error::InUse { pid, .. }) => assert_eq!(pid, Some(std::process::id())),
            other => panic!("{other:?}"),
        }
        drop(first);
        Lock::take(dir.path()).unwrap();
    }
}
