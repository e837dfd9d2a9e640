//! The options of the commands, read once at the start from the command line or from the environment variable that the
//! help of each option names.

mod files;
mod limits;
mod mail;
mod outbound;

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use self::{files::FileOptions, limits::LimitOptions, mail::MessageOptions, outbound::OutboundArguments};
use crate::{
    seed::Scale,
    server::{DEFAULT_ADDRESS, Graphiql},
};

/// A self-hosted GraphQL backend for clinics and clinic networks.
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the API. Without --database-url, a private Postgres runs in the data directory.
    Serve(Box<Serve>),
    /// Run jobs without serving the API, beside servers that serve with --no-worker.
    Worker(Box<Work>),
    /// Create or update the roles and tables of a database, and print how the server logs in.
    Prepare(DatabaseOptions),
    /// Check a database for anything that weakens the isolation of clinics, and explain it.
    Doctor(DatabaseOptions),
    /// Fill a database with a large amount of made-up data for measurements, and sign in two made-up users.
    Seed(Seed),
    /// Print the GraphQL schema.
    Schema,
}

/// The database to use.
#[derive(Debug, Clone, Args)]
pub struct DatabaseOptions {
    /// Connection string of a Postgres database, version 15 to 18. With its owner, who may create roles, the server
    /// migrates the database and then logs in as the roles that this made, one for each class of user. With a role of your
    /// own that is a member of all these classes, the server uses the database as it is. `sslmode` and `sslrootcert` secure
    /// the connection; to another machine it is always encrypted.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// The database was prepared with `clinigraph prepare` and the same keys: log in as the roles that this made, and use
    /// no other login. User and password of the connection string are not needed.
    #[arg(long, env = "CLINIGRAPH_PREPARED", requires = "database_url")]
    pub prepared: bool,
    /// Hosts to which an unencrypted connection is permitted, separated by commas. Anyone on the network in between can read
    /// what is sent.
    #[arg(long, env = "CLINIGRAPH_ALLOW_PLAINTEXT_TO", value_delimiter = ',', value_name = "HOSTS")]
    pub allow_plaintext_to: Vec<String>,
    /// Directory of the private Postgres, its data and the encryption keys.
    #[arg(long, env = "CLINIGRAPH_DATA", default_value_os_t = default_data())]
    pub data: PathBuf,
    /// Directory of the Postgres programs for the private Postgres; by default the usual places are searched.
    #[arg(long, env = "CLINIGRAPH_POSTGRES")]
    pub postgres: Option<PathBuf>,
    /// Encryption keys for secrets: `1:<base64 of 32 bytes>`, more separated by commas. By default they are stored in the
    /// data directory.
    #[arg(long, env = "CLINIGRAPH_KEYS", hide_env_values = true)]
    pub keys: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub struct Serve {
    #[command(flatten)]
    pub database: DatabaseOptions,
    /// Address and port to listen on.
    #[arg(long, env = "CLINIGRAPH_ADDRESS", default_value_t = DEFAULT_ADDRESS)]
    pub address: SocketAddr,
    /// Load made-up clinics and users into an empty database, and let anyone sign in as them. The database can never be
    /// served without this option.
    #[arg(long, env = "CLINIGRAPH_DEMO")]
    pub demo: bool,
    /// Let a demo listen on an address that other machines reach: everybody there can sign in as its administrator.
    #[arg(long, env = "CLINIGRAPH_DEMO_ON_NETWORK", requires = "demo")]
    pub demo_on_network: bool,
    /// In a demo, do not simulate users who open and answer tickets.
    #[arg(long, env = "CLINIGRAPH_DEMO_QUIET")]
    pub demo_quiet: bool,
    /// Report the number of SQL statements in each answer, let anonymous callers read the schema, open GraphiQL to them,
    /// and let cookies do without TLS on this machine.
    #[arg(long, env = "CLINIGRAPH_DEVELOPMENT")]
    pub development: bool,
    /// Connections to Postgres for requests of clinics; administrators and the server itself get more on top.
    #[arg(long, env = "CLINIGRAPH_CONNECTIONS", default_value_t = 16)]
    pub connections: usize,
    /// Worker threads; by default half of the processors, as Postgres needs the other half.
    #[arg(long, env = "CLINIGRAPH_WORKERS", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub workers: Option<u16>,
    /// JSON file of documents that clients may name by their hash: an object from SHA-256 in hexadecimal to document.
    #[arg(long, env = "CLINIGRAPH_MANIFEST", value_name = "FILE")]
    pub manifest: Option<PathBuf>,
    /// Run any valid operation, or only the trusted ones of the manifest.
    #[arg(long, env = "CLINIGRAPH_OPERATIONS", value_enum, default_value_t, requires_if("trusted", "manifest"))]
    pub operations: OperationMode,
    /// Origins whose pages may call the API from a browser, separated by commas; the server's own is always allowed.
    #[arg(long, env = "CLINIGRAPH_ORIGINS", value_delimiter = ',')]
    pub origins: Vec<String>,
    /// Who gets the GraphiQL page: nobody, those who have signed in, or everybody. By default those who have signed in; in
    /// development and in a demo everybody.
    #[arg(long, env = "CLINIGRAPH_GRAPHIQL", value_enum)]
    pub graphiql: Option<Graphiql>,
    /// Run no jobs in this process: `clinigraph worker` runs them elsewhere.
    #[arg(long, env = "CLINIGRAPH_NO_WORKER")]
    pub no_worker: bool,
    #[command(flatten)]
    pub jobs: JobOptions,
    #[command(flatten)]
    pub files: FileOptions,
    #[command(flatten)]
    pub messages: MessageOptions,
    #[command(flatten)]
    pub outbound: OutboundArguments,
    #[command(flatten)]
    pub limits: LimitOptions,
}

/// How jobs are run.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Jobs")]
pub struct JobOptions {
    /// Jobs that run at the same time in this process; each uses a connection to Postgres.
    #[arg(long, env = "CLINIGRAPH_JOBS", default_value_t = 4, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=64))]
    pub jobs: usize,
    /// Seconds for which running jobs may finish when the process stops; those that have not are given back.
    #[arg(long, env = "CLINIGRAPH_DRAIN_SECONDS", default_value_t = 20)]
    pub drain_seconds: u64,
}

#[derive(Debug, Clone, Args)]
pub struct Work {
    #[command(flatten)]
    pub database: DatabaseOptions,
    #[command(flatten)]
    pub files: FileOptions,
    #[command(flatten)]
    pub jobs: JobOptions,
    #[command(flatten)]
    pub messages: MessageOptions,
    #[command(flatten)]
    pub outbound: OutboundArguments,
}

impl Serve {
    /// Whether what only developers should have is on.
    #[must_use]
    pub fn is_development(&self) -> bool {
        self.development || self.demo
    }

    /// Address of a server in development, which is reached on this machine only.
    #[must_use]
    pub fn own_url(&self) -> Option<String> {
        self.is_development().then(|| format!("http://{}", self.address))
    }

    /// Who gets the GraphiQL page.
    #[must_use]
    pub fn graphiql(&self) -> Graphiql {
        self.graphiql.unwrap_or(if self.is_development() { Graphiql::Open } else { Graphiql::default() })
    }
}

/// The operations that the server runs.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub enum OperationMode {
    #[default]
    Any,
    Trusted,
}

#[derive(Debug, Clone, Args)]
pub struct Seed {
    #[command(flatten)]
    pub database: DatabaseOptions,
    /// Confirms that the command may write as many rows as the sizes below.
    #[arg(long = "scale", required = true)]
    pub confirmed: bool,
    #[command(flatten)]
    pub scale: Scale,
    /// Also fill a database that has users already.
    #[arg(long)]
    pub force: bool,
}

/// The directory for application data of the user.
fn default_data() -> PathBuf {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share"));
    let base = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).or_else(home).unwrap_or_default();
    base.join("clinigraph")
}
