//! The way to Postgres: encrypted, to the server that is meant, and never in plain text to another machine.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener},
    os::unix::{fs::MetadataExt, fs::PermissionsExt, fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command as Program},
    time::{Duration, Instant},
};

use clap::Parser;
use clinigraph::{
    app,
    config::{Cli, Command, DatabaseOptions},
    embedded::{Embedded, Options},
    kernel::{
        Error, Result,
        db::{self, Address, Class},
    },
};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use crate::harness::{KEYS, TestApp, sql::texts};

const PASSWORD: &str = "a password of tests";

/// A Postgres on loopback that takes encrypted connections only.
struct Encrypted {
    folder: tempfile::TempDir,
    postgres: Child,
    port: u16,
}

impl Drop for Encrypted {
    fn drop(&mut self) {
        let postgres = rustix::process::Pid::from_child(&self.postgres);
        rustix::process::kill_process(postgres, rustix::process::Signal::QUIT).unwrap();
        self.postgres.wait().unwrap();
    }
}

impl Encrypted {
    /// With a certificate for `name` by an authority of its own.
    async fn start(name: &str) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        // For Postgres, which is another user where the tests are root.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
        let options = Options { durable: false, ..Options::new(folder.path().join("postgres")) };
        let mut embedded = Embedded::start(options).await.unwrap();
        let mut superuser = db::connect(&embedded.superuser_url("postgres")).await.unwrap();
        superuser.batch_execute(&format!("alter role postgres password '{PASSWORD}'")).await.unwrap();
        drop(superuser);
        let cluster = embedded.cluster_dir().to_owned();
        let words = std::fs::read_to_string(cluster.join("postmaster.opts")).unwrap();
        let program = words.split_whitespace().next().unwrap().trim_matches('"').to_owned();
        embedded.stop().await.unwrap();

        let owner = std::fs::metadata(&cluster).unwrap();
        std::fs::write(cluster.join("pg_hba.conf"), "hostssl all all 127.0.0.1/32 scram-sha-256\n").unwrap();
        let (certificate, key) = Self::authority(folder.path(), "authority").issue(name);
        std::fs::write(folder.path().join("server.pem"), &certificate).unwrap();
        for (file, text) in [("server.crt", certificate), ("server.key", key)] {
            let file = cluster.join(file);
            std::fs::write(&file, text).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
            chown(&file, Some(owner.uid()), Some(owner.gid())).unwrap();
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let settings = ["listen_addresses=127.0.0.1", "ssl=on", "unix_socket_directories=", "fsync=off"];
        let mut postgres = Program::new(program);
        postgres.arg("-D").arg(&cluster).args(["-p", &port.to_string()]).current_dir(&cluster);
        postgres.args(settings.iter().flat_map(|setting| ["-c", *setting]));
        if owner.uid() != rustix::process::getuid().as_raw() {
            postgres.uid(owner.uid()).gid(owner.gid());
        }
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        postgres.stderr(log);
        let started = Self { postgres: postgres.spawn().unwrap(), folder, port };
        let begun = Instant::now();
        while let Err(error) = db::connect(&started.url("sslmode=require")).await {
            assert!(begun.elapsed() < Duration::from_secs(60), "{error}: {:?}", error.cause());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        started
    }

    fn authority(folder: &Path, name: &str) -> Authority {
        Authority::new(folder.join(format!("{name}.pem")))
    }

    /// The file of the authority that Postgres has its certificate of.
    fn roots(&self) -> String {
        self.folder.path().join("authority.pem").display().to_string()
    }

    fn url(&self, parameters: &str) -> String {
        format!("host=127.0.0.1 port={} user=postgres password='{PASSWORD}' dbname=postgres {parameters}", self.port)
    }

    /// Why a connection fails; empty if it does not.
    async fn refusal(&self, parameters: &str) -> String {
        db::connect(&self.url(parameters)).await.map_or_else(|error| causes(&error), |_| String::new())
    }
}

/// Signs certificates; its own is in a file.
struct Authority(Issuer<'static, KeyPair>);

impl Authority {
    fn new(file: PathBuf) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        std::fs::write(file, params.self_signed(&key).unwrap().pem()).unwrap();
        Self(Issuer::new(params, key))
    }

    /// A certificate and its key.
    fn issue(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &self.0).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

fn causes(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.cause().map(|cause| cause as &dyn std::error::Error);
    while let Some(next) = cause {
        text += &format!("; {next}");
        cause = next.source();
    }
    text
}

async fn is_encrypted(connection: &AsyncPgConnection) -> bool {
    let query = "select ssl::text as value from pg_stat_ssl where pid = pg_backend_pid()";
    texts(connection, query).await.unwrap() == ["true"]
}

#[tokio::test]
async fn certificates_are_checked_as_the_mode_says() {
    let postgres = Encrypted::start("127.0.0.1").await;
    let roots = postgres.roots();
    let (wrong, own, none) = ("another.pem", "server.pem", "none.pem");
    let path = |file: &str| postgres.folder.path().join(file).display().to_string();
    Encrypted::authority(postgres.folder.path(), "another");
    std::fs::write(path(none), "nothing").unwrap();

    for mode in ["prefer", "require", "verify-ca", "verify-full"] {
        let root = if mode.starts_with("verify") { format!("sslrootcert='{roots}'") } else { String::new() };
        let connection = db::connect(&postgres.url(&format!("sslmode={mode} {root}"))).await.unwrap();
        assert!(is_encrypted(&connection).await, "{mode}");
    }
    // The certificate itself, where there is no authority.
    assert_eq!(postgres.refusal(&format!("sslmode=verify-full sslrootcert='{}'", path(own))).await, "");
    // Without a mode it is preferred.
    assert!(is_encrypted(&db::connect(&postgres.url("")).await.unwrap()).await);

    let plain = postgres.refusal("sslmode=disable").await;
    assert!(plain.contains("no encryption"), "{plain}");
    for mode in ["require", "verify-ca", "verify-full"] {
        let refusal = postgres.refusal(&format!("sslmode={mode} sslrootcert='{}'", path(wrong))).await;
        assert!(refusal.contains("invalid peer certificate"), "{mode}: {refusal}");
    }
    let unread = postgres.refusal(&format!("sslmode=verify-full sslrootcert='{}'", path(none))).await;
    assert!(unread.contains("no certificates in"), "{unread}");
    let missing = postgres.refusal("sslmode=verify-full sslrootcert=/nowhere").await;
    assert!(missing.contains("cannot read the certificates of /nowhere"), "{missing}");
    let unknown = postgres.refusal("sslmode=verify-full sslrootcert=system").await;
    assert!(unknown.contains("certificate"), "the authority is none of the system's: {unknown}");
}

#[tokio::test]
async fn a_certificate_must_name_the_host_only_if_it_is_asked_to() {
    let postgres = Encrypted::start("db.example").await;
    let roots = postgres.roots();

    let full = postgres.refusal(&format!("sslmode=verify-full sslrootcert='{roots}'")).await;
    let authority = postgres.refusal(&format!("sslmode=verify-ca sslrootcert='{roots}'")).await;
    // By its name, at an address.
    let named = format!(
        "host=db.example hostaddr=127.0.0.1 port={} user=postgres password='{PASSWORD}' dbname=postgres \
         sslmode=verify-full sslrootcert='{roots}'",
        postgres.port
    );
    let named = db::connect(&named).await.map_or_else(|error| causes(&error), |_| String::new());

    assert!(full.contains("not valid for name"), "{full}");
    assert_eq!((authority.as_str(), named.as_str()), ("", ""));
}

/// The options of a command on a Postgres that takes encrypted connections only.
fn command(words: &[&str], url: &str) -> Command {
    let database = ["--database-url", url, "--keys", KEYS];
    Cli::try_parse_from(["clinigraph"].iter().chain(words).chain(&database)).unwrap().command
}

#[tokio::test]
async fn every_connection_of_the_program_is_encrypted() {
    let postgres = Encrypted::start("127.0.0.1").await;
    let url = postgres.url(&format!("sslmode=verify-full sslrootcert='{}'", postgres.roots()));
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();

    let Command::Prepare(options) = command(&["prepare"], &url) else { panic!("another command") };
    let reached = app::reach(&options).await.unwrap();
    let server: Address = reached.logins.url(Class::Tenant).parse().unwrap();
    assert!(server.text_to_show().contains("sslmode='verify-full'"), "{}", server.text_to_show());
    let Command::Doctor(options) = command(&["doctor"], &url) else { panic!("another command") };
    assert_eq!(app::examine(&options).await.unwrap(), []);
    // The server's own logins, whose passwords follow from the keys.
    let own = url.replace(&format!("password='{PASSWORD}'"), "").replace("user=postgres ", "");
    let words = ["serve", "--prepared", "--address", &address];
    let Command::Serve(options) = command(&words, &own) else { panic!("another command") };
    let served = tokio::spawn(app::run(*options));

    let superuser = db::connect(&url).await.unwrap();
    let names = "select distinct application_name || ' ' || ssl as value
                 from pg_stat_activity join pg_stat_ssl using (pid)
                 where usename ~ '^clinigraph_login_' order by 1";
    let wanted = ["clinigraph listener true", "clinigraph relay true", "clinigraph true"];
    let begun = Instant::now();
    let mut seen = Vec::new();
    while seen != wanted && !served.is_finished() && begun.elapsed() < Duration::from_secs(60) {
        let _ = reqwest::get(format!("http://{address}/health/ready")).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        seen = texts(&superuser, names).await.unwrap();
    }
    served.abort();
    assert_eq!(seen, wanted);

    let words =
        ["seed", "--scale", "--clinics=1", "--users=40", "--providers=2", "--tickets=5", "--messages=5", "--audit=5"];
    let Command::Seed(options) = command(&words, &url) else { panic!("another command") };
    app::seed(&options).await.unwrap();
}

/// A server that says it knows no TLS; the thread tells what it was sent behind that.
fn without_tls() -> (u16, std::thread::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut asked = [0; 8];
        stream.read_exact(&mut asked).unwrap();
        stream.write_all(b"N").unwrap();
        let mut rest = vec![0; 64];
        let count = stream.read(&mut rest).unwrap_or(0);
        rest.truncate(count);
        rest
    });
    (port, heard)
}

#[tokio::test]
async fn a_server_without_tls_is_told_nothing_where_tls_is_required() {
    for (mode, hears) in [("require", false), ("prefer", true)] {
        let (port, heard) = without_tls();

        let connected = db::connect(&format!("host=127.0.0.1 port={port} user=me sslmode={mode}")).await;

        let refusal = causes(&connected.err().unwrap());
        assert_eq!(refusal.contains("server does not support TLS"), !hears, "{refusal}");
        assert_eq!(!heard.join().unwrap().is_empty(), hears, "{mode}");
    }
}

fn secured(url: &str, plaintext_to: &[&str]) -> Result<String, String> {
    let named: Vec<_> = plaintext_to.iter().map(|&host| host.to_owned()).collect();
    let address: Address = url.parse().map_err(|error: Error| error.to_string())?;
    address.secured(&named).map(|address| address.text()).map_err(|error| error.to_string())
}

#[tokio::test]
async fn nothing_goes_to_another_machine_in_plain_text_unless_it_was_named() {
    for url in ["postgres://me@db.example/x?sslmode=disable", "host=192.0.2.1 user=me sslmode=disable"] {
        let refused = secured(url, &[]).unwrap_err();
        assert!(refused.contains("--allow-plaintext-to"), "{refused}");
        assert!(secured(url, &["db.example", "192.0.2.1"]).unwrap().contains("sslmode='disable'"));
    }
    assert!(secured("host=localhost,db.example user=me sslmode=disable", &["localhost"]).is_err(), "each of the hosts");
    assert!(secured("host=localhost hostaddr=192.0.2.1 user=me sslmode=disable", &["other"]).is_err());
    // Else somebody in between could say that the server has no TLS.
    assert!(secured("postgres://me@db.example/x", &[]).unwrap().contains("sslmode='require'"));
    assert!(secured("postgres://me@db.example/x", &["DB.example"]).unwrap().contains("sslmode='prefer'"));
    for near in ["host=localhost", "host=127.0.0.1", "host=::1", "host=/run/postgresql", "host=db hostaddr=127.0.0.1"] {
        assert!(secured(&format!("{near} user=me sslmode=disable"), &[]).is_ok(), "{near}");
    }

    // The commands ask before they connect.
    let url = "postgres://me@db.example/x?sslmode=disable";
    let given = |words: &[&str]| match command(words, url) {
        Command::Prepare(options) => options,
        _ => panic!("another command"),
    };
    let refused = |options: DatabaseOptions| async move { app::reach(&options).await.err().unwrap().to_string() };
    assert!(refused(given(&["prepare"])).await.contains("--allow-plaintext-to db.example"));
    assert_eq!(given(&["prepare", "--allow-plaintext-to", "a,b"]).allow_plaintext_to, ["a", "b"]);
}

#[test]
fn what_a_connection_string_says_about_tls_is_read_in_both_forms() {
    let text = |url: &str| url.parse::<Address>().map(|address| address.text()).map_err(|error| error.to_string());
    let file = "/etc/ssl/a b'c.pem";
    let pem = tempfile::NamedTempFile::new().unwrap();
    let key = KeyPair::generate().unwrap();
    std::fs::write(pem.path(), CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap().pem()).unwrap();
    let pem = pem.path().display().to_string();
    let escaped = pem.replace('/', "%2F");

    let of_url = text(&format!(
        "postgres://me:a%3Fb?c@db.example:5433/x?sslmode=verify-ca&connect_timeout=3&sslrootcert={escaped}"
    ));
    let of_pairs = text(&format!(
        "host = db.example port=5433 user='me' password='a?b?c' dbname=x sslmode = verify-ca connect_timeout=3 sslrootcert='{pem}'"
    ));

    assert_eq!(of_url, of_pairs);
    // What is printed is read again as the same.
    assert_eq!(text(&of_url.clone().unwrap()), of_url);
    let shown = of_url.unwrap();
    for part in ["connect_timeout='3'", "sslmode='verify-ca'", &format!("sslrootcert='{pem}'"), "password='a?b?c'"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    for (wrong, why) in [
        ("host=a sslmode=sometimes", "sslmode=sometimes is unknown"),
        ("host=a sslmode=verify-ca", "needs the authorities"),
        ("host=a sslmode=require sslrootcert=system", "needs sslmode=verify-full"),
        ("host=a sslcert=mine.pem", "sslcert"),
        (&format!("host=a sslmode=verify-full sslrootcert='{}'", file.replace('\'', "\\'")), file),
    ] {
        assert!(text(wrong).unwrap_err().contains(why), "{wrong}");
    }
}

#[tokio::test]
async fn the_password_of_the_server_is_not_shown() {
    let app = TestApp::new().await;

    let output = Program::new(env!("CARGO_BIN_EXE_clinigraph"))
        .args(["prepare", "--database-url", &app.superuser_url, "--keys", KEYS])
        .output()
        .unwrap();

    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains("--prepared"), "{printed}");
    for class in Class::ALL {
        let login: Address = app.logins.url(class).parse().unwrap();
        assert!(login.has_password());
        let password = app.logins.url(class).rsplit_once("password='").unwrap().1.trim_end_matches('\'');
        assert!(!printed.contains(password), "{printed}");
    }
}
