//! Reading `postmaster.pid`, by which a cluster says who serves it.
//!
//! A server is known by its data directory. A process id alone proves nothing: in containers the same small numbers
//! come back after every start.

use std::path::Path;

use rustix::{
    io::Errno,
    process::{Pid, test_kill_process},
};

use super::Error;

const NAME: &str = "postmaster.pid";
const STATUS_LINE: usize = 7;

#[derive(Debug, PartialEq, Eq)]
struct PidFile<'a> {
    pid: u32,
    status: Option<&'a str>,
}

/// The raw text; none when there is no file.
pub fn read(cluster: &Path) -> Option<String> {
    std::fs::read_to_string(cluster.join(NAME)).ok()
}

/// Whether the file says that process `pid` accepts connections.
pub fn says_ready(text: &str, pid: u32) -> bool {
    parse(text).is_some_and(|file| file.pid == pid && file.status == Some("ready"))
}

/// The process id of a postmaster that still works on this cluster. Removes a file whose process id has passed to an
/// unrelated program, because Postgres would refuse to start for as long as that program runs.
pub fn living_postmaster(cluster: &Path) -> Result<Option<u32>, Error> {
    let Some(pid) = read(cluster).and_then(|text| parse(&text).map(|file| file.pid)) else {
        return Ok(None);
    };
    if !is_alive(pid) {
        return Ok(None);
    }
    match serves(pid, cluster) {
        Some(false) => {
            let path = cluster.join(NAME);
            std::fs::remove_file(&path).map_err(Error::io("remove", &path))?;
            Ok(None)
        }
        // Unknown: Postgres has checks of its own, and looks at the shared memory too.
        None => Ok(None),
        Some(true) => Ok(Some(pid)),
    }
}

fn parse(text: &str) -> Option<PidFile<'_>> {
    let mut lines = text.lines();
    // A server outside any postmaster (`postgres --single`) writes its id negated.
    let pid: i64 = lines.next()?.trim().parse().ok()?;
    let status = lines.nth(STATUS_LINE - 1).map(str::trim);
    Some(PidFile { pid: u32::try_from(pid.unsigned_abs()).ok()?, status })
}

fn is_alive(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().filter(|pid| *pid > 0).and_then(Pid::from_raw);
    pid.is_some_and(|pid| test_kill_process(pid) != Err(Errno::SRCH))
}

/// Whether the process was started on this cluster; none when its arguments cannot be read.
#[cfg(target_os = "linux")]
fn serves(pid: u32, cluster: &Path) -> Option<bool> {
    use std::os::unix::ffi::OsStrExt;

    let arguments = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    // A zombie has no arguments any more, and works on nothing.
    Some(arguments.split(|byte| *byte == 0).any(|argument| argument == cluster.as_os_str().as_bytes()))
}

#[cfg(not(target_os = "linux"))]
fn serves(pid: u32, cluster: &Path) -> Option<bool> {
    let output = std::process::Command::new("ps")
        .args(["-ww", "-o", "command=", "-p", &pid.to_string()])
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).contains(&*cluster.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const READY: &str = "4242\n/data/postgres\n1763690000\n5432\n/run/c\n\n  123456      7\nready   \n";

    #[test]
    fn readiness_needs_the_right_process_and_the_status() {
        assert!(says_ready(READY, 4242));
        assert!(!says_ready(READY, 4243));
        assert!(!says_ready(&READY.replace("ready", "starting"), 4242));
        assert!(!says_ready("4242\n/data/postgres\n1763690000\n", 4242));
        assert!(!says_ready("", 0));
    }

    #[test]
    fn a_lone_backend_counts_by_its_own_id() {
        assert_eq!(parse("-17\n"), Some(PidFile { pid: 17, status: None }));
        assert_eq!(parse("nonsense\n"), None);
    }

    #[test]
    fn an_id_that_passed_to_another_program_is_stale() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(NAME);
        std::fs::write(&path, format!("{}\n", std::process::id())).unwrap();
        assert_eq!(living_postmaster(dir.path()).unwrap(), None);
        assert!(!path.exists());
    }
}
