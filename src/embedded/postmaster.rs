//! The Postgres server program as a child of ours.

use std::{
    io,
    path::Path,
    process::{Command, ExitStatus},
    sync::Arc,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::{oneshot, watch};
use tracing::{info, warn};

use super::{Error, lock::Lock, pid_file, program};

/// Rolls back what is open, writes everything out, ends.
const FAST_SHUTDOWN: Signal = Signal::INT;
/// Ends at once; the next start recovers from the write-ahead log.
const IMMEDIATE_SHUTDOWN: Signal = Signal::QUIT;

#[derive(Debug)]
pub struct Postmaster {
    pid: u32,
    /// None while it runs.
    status: watch::Receiver<Option<ExitStatus>>,
}

impl Postmaster {
    /// `lock` is held until the program has ended, even when the handle is dropped earlier.
    pub async fn spawn(mut command: Command, lock: Arc<Lock>) -> Result<Self, Error> {
        let program = Path::new(command.get_program()).to_owned();
        program::die_with_parent(&mut command, FAST_SHUTDOWN);
        let (born, birth) = oneshot::channel::<io::Result<u32>>();
        let (ended, status) = watch::channel(None);
        // The parent-death signal follows the thread that spawned, so this one must last as long as the program. A
        // thread of the runtime's pool does not.
        let thread = std::thread::Builder::new().name("postgres".to_owned()).spawn(move || {
            let mut child = match command.spawn() {
                Ok(child) => child,
                Err(error) => {
                    let _ = born.send(Err(error));
                    return;
                }
            };
            let _ = born.send(Ok(child.id()));
            let status = child.wait();
            drop(lock);
            if let Ok(status) = status {
                ended.send_replace(Some(status));
            }
        });
        thread.map_err(Error::io("start a thread for", &program))?;
        let pid = birth.await.map_err(|_| Error::Interrupted)?.map_err(Error::io("run", &program))?;
        Ok(Self { pid, status })
    }

    /// False when the program ended, or was not ready within `limit`. `stale` is the pid file from before the start:
    /// after a crash in a container it can name the same process id and say ready.
    pub async fn ready(&self, cluster: &Path, stale: Option<&str>, limit: Duration) -> bool {
        let begun = Instant::now();
        let mut reported = begun;
        while !self.has_ended() && begun.elapsed() < limit {
            let text = pid_file::read(cluster).filter(|text| stale != Some(text.as_str()));
            if text.is_some_and(|text| pid_file::says_ready(&text, self.pid)) {
                return true;
            }
            if reported.elapsed() > Duration::from_secs(10) {
                reported = Instant::now();
                info!(postgres.pid = self.pid, waited_s = begun.elapsed().as_secs(), "Postgres is still recovering");
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    }

    pub fn has_ended(&self) -> bool {
        self.status.borrow().is_some() || self.status.has_changed().is_err()
    }

    pub async fn ended(&self) {
        // An error means that the watching thread is gone, which it only is after the program.
        let _ = self.status.clone().wait_for(Option::is_some).await;
    }

    pub async fn stop(&mut self, limit: Duration) -> Result<(), Error> {
        for signal in [FAST_SHUTDOWN, IMMEDIATE_SHUTDOWN] {
            self.signal(signal);
            if tokio::time::timeout(limit, self.ended()).await.is_ok() {
                return Ok(());
            }
            warn!(postgres.pid = self.pid, signal = signal.as_raw(), "Postgres does not end");
        }
        Err(Error::StillRunning { pid: self.pid })
    }

    /// Does nothing once the program has ended, because its process id may be someone else's by then.
    fn signal(&self, signal: Signal) {
        if !self.has_ended() {
            send(self.pid, signal);
        }
    }
}

impl Drop for Postmaster {
    fn drop(&mut self) {
        self.signal(FAST_SHUTDOWN);
    }
}

/// Asks a postmaster that is not our child to shut down.
pub fn ask_to_end(pid: u32) {
    send(pid, FAST_SHUTDOWN);
}

fn send(pid: u32, signal: Signal) {
    // Zero and negative ids would address whole groups of processes.
    if let Some(process) = i32::try_from(pid).ok().filter(|pid| *pid > 1).and_then(Pid::from_raw)
        && let Err(error) = kill_process(process, signal)
    {
        warn!(postgres.pid = pid, %error, "cannot signal Postgres");
    }
}
