//! Running other programs.

use std::{
    io,
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
};

use rustix::process::Signal;

use super::identity::Identity;

/// Variables Postgres' programs may see. The rest stays out: our environment holds secrets, and `PGPORT`, `PGDATA` and
/// the like would change what Postgres does.
const PASSED: [&str; 6] =
    ["PATH", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LOCALE_ARCHIVE", "XDG_RUNTIME_DIR"];

/// A program run as `identity`, in a process group of its own, so that Ctrl-C at the terminal does not reach it before
/// we have stopped it in order.
pub fn command(program: &Path, identity: &Identity) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    for name in PASSED {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    // Error texts are read by us, so they must be English; macOS also refuses to start Postgres without a locale.
    command.env("LC_ALL", "C").current_dir("/").stdin(Stdio::null()).process_group(0);
    identity.apply(&mut command);
    command
}

/// Ties the program's life to the calling thread: the kernel sends `signal` when that *thread* ends, so it has to
/// outlive the program. Elsewhere than on Linux this does nothing.
#[cfg_attr(target_os = "linux", expect(unsafe_code, reason = "pre_exec has no safe form"))]
#[cfg_attr(not(target_os = "linux"), expect(unused_variables, reason = "only Linux has the parent-death signal"))]
pub fn die_with_parent(command: &mut Command, signal: Signal) {
    #[cfg(target_os = "linux")]
    {
        let parent = rustix::process::getpid();
        // SAFETY: between fork and exec only async-signal-safe calls are allowed; prctl and getppid are such, and the
        // closure neither allocates nor locks. It runs after the change of user, which would clear the signal.
        unsafe {
            command.pre_exec(move || {
                rustix::process::set_parent_process_death_signal(Some(signal))?;
                if rustix::process::getppid() != Some(parent) {
                    return Err(io::ErrorKind::Interrupted.into());
                }
                Ok(())
            });
        }
    }
}

/// What the program said, both streams, without surrounding blanks.
pub fn output(mut command: Command) -> io::Result<(bool, String)> {
    die_with_parent(&mut command, Signal::KILL);
    let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output()?;
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    Ok((output.status.success(), text.trim().to_owned()))
}

/// The command that installs Postgres on this system.
pub fn install_hint() -> &'static str {
    if cfg!(target_os = "macos") {
        return "brew install postgresql@17";
    }
    install_hint_for(&std::fs::read_to_string("/etc/os-release").unwrap_or_default())
}

fn install_hint_for(os_release: &str) -> &'static str {
    let names: Vec<&str> = os_release
        .lines()
        .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")))
        .flat_map(|value| value.trim_matches(['"', '\'']).split_whitespace())
        .collect();
    let is = |name: &str| names.contains(&name);
    if is("debian") || is("ubuntu") {
        "apt-get install postgresql"
    } else if is("fedora") || is("rhel") || is("centos") {
        "dnf install postgresql-server postgresql-contrib"
    } else if is("alpine") {
        "apk add postgresql17 postgresql17-contrib"
    } else if is("arch") {
        "pacman -S postgresql"
    } else if is("suse") || is("opensuse") {
        "zypper install postgresql-server postgresql-contrib"
    } else {
        "your system's package manager (the package is usually called postgresql), or npm to have one fetched"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_follows_the_system() {
        assert_eq!(install_hint_for("ID=debian\n"), "apt-get install postgresql");
        assert_eq!(install_hint_for("ID=pop\nID_LIKE=\"ubuntu debian\"\n"), "apt-get install postgresql");
        assert!(install_hint_for("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"").starts_with("dnf"));
        assert!(install_hint_for("ID=alpine").starts_with("apk"));
        assert!(install_hint_for("").contains("package manager"));
    }
}
