//! Making a cluster, and the settings it runs with.

use std::{
    fs::{DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::DirBuilderExt,
    path::Path,
};

use super::{Error, Options, SUPERUSER, binaries::Binaries, home::Home, program, socket::PORT};

/// `C` is on every system; with it alone only ASCII letters have upper and lower case before Postgres 17.
const LOCALES: [&str; 2] = ["C.UTF-8", "C"];

/// Defaults an operator may change in `postgresql.conf`. What the server relies on is in [`settings`].
///
/// Errors of statements are not logged (`log_min_messages = log`): their text can quote a patient's data, and the
/// server reports them itself, redacted.
const DEFAULTS: &str = "
# Written by clinigraph. Change freely; the values the server relies on are given on the command line.
shared_buffers = 128MB
max_wal_size = 512MB
jit = off
autovacuum = on
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] '
log_min_messages = log
log_min_error_statement = panic
log_error_verbosity = terse
log_checkpoints = off
log_statement = none
";

/// Makes the cluster in a side directory and moves it into place once it is whole and on the disk, so that a crash on
/// the way leaves nothing that looks like a cluster.
pub fn make(home: &Home, binaries: &Binaries, durable: bool) -> Result<(), Error> {
    let side = home.side_cluster();
    let result = initdb(home, binaries, &side, durable)
        .and_then(|()| finish(&side, &home.cluster(), &home.dir, durable).map_err(Error::io("write", home.cluster())));
    if result.is_err() {
        let _ = std::fs::remove_dir_all(&side);
    }
    result
}

/// The command line of the server program: everything our use of it depends on.
pub fn settings(socket_dir: &Path, options: &Options) -> Vec<String> {
    // The value is a list, in which quotes keep a comma or a blank from ending the entry.
    let socket_dir = socket_dir.to_string_lossy().replace('"', "\"\"");
    let mut settings = vec![
        "listen_addresses=".to_owned(),
        format!("port={PORT}"),
        format!("unix_socket_directories=\"{socket_dir}\""),
        "unix_socket_permissions=0700".to_owned(),
        format!("max_connections={}", options.max_connections),
        "logging_collector=off".to_owned(),
        "log_destination=stderr".to_owned(),
        "cluster_name=clinigraph".to_owned(),
    ];
    if !options.durable {
        settings.extend(
            ["fsync=off", "full_page_writes=off", "synchronous_commit=off", "wal_level=minimal", "max_wal_senders=0"]
                .map(str::to_owned),
        );
    }
    settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]).collect()
}

fn initdb(home: &Home, binaries: &Binaries, side: &Path, durable: bool) -> Result<(), Error> {
    let mut output = String::new();
    for locale in LOCALES {
        match std::fs::remove_dir_all(side) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Error::io("remove", side)(error)),
            _ => {}
        }
        DirBuilder::new().mode(0o700).create(side).map_err(Error::io("create", side))?;
        home.identity.own(side)?;
        let program = binaries.dir.join("initdb");
        let mut command = program::command(&program, &home.identity);
        command.arg("-D").arg(side);
        command.args(["--username", SUPERUSER, "--auth-local=trust", "--auth-host=reject"]);
        command.args(["--encoding=UTF8", "--locale", locale, "--data-checksums", "--no-instructions"]);
        if binaries.major >= 17 {
            // Postgres' own collation: sorting cannot change under the indexes when the C library is updated.
            command.args(["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]);
        }
        if !durable {
            command.arg("--no-sync");
        }
        let (success, text) = program::output(command).map_err(Error::io("run", &program))?;
        if success {
            return Ok(());
        }
        if text.contains("could not look up effective user ID") {
            return Err(Error::NamelessUser { uid: home.identity.uid });
        }
        output = text;
        if !output.contains("locale") {
            break;
        }
    }
    Err(Error::Initdb { output })
}

fn finish(side: &Path, cluster: &Path, home: &Path, durable: bool) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).open(side.join("postgresql.conf"))?;
    file.write_all(DEFAULTS.as_bytes())?;
    if durable {
        file.sync_all()?;
        File::open(side)?.sync_all()?;
    }
    std::fs::rename(side, cluster)?;
    if durable {
        File::open(home)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_listens_on_the_network_and_a_comma_does_not_split_the_path() {
        let settings = settings(Path::new("/run/a,b"), &Options::new("/data"));
        assert!(settings.contains(&"listen_addresses=".to_owned()));
        assert!(settings.contains(&"unix_socket_directories=\"/run/a,b\"".to_owned()));
        assert!(!settings.iter().any(|setting| setting.contains("fsync")));
    }
}
