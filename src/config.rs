//! What an operator can set, read once at the start: by option, or by the environment variable that each option's
//! help names.

mod limits;

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use self::limits::LimitOptions;
use crate::{seed::Scale, server::DEFAULT_ADDRESS};

/// A self-hosted GraphQL backend for clinics and clinic networks.
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the API. Without a database to connect to, a private one is kept in the data directory.
    Serve(Box<Serve>),
    /// Bring roles and tables of a database up to date, and say how the server should log in.
    Prepare(DatabaseOptions),
    /// Look for what makes tenant isolation doubtful, and explain it.
    Doctor(DatabaseOptions),
    /// Fill a database with made-up data in bulk, for measuring, and sign two made-up people in.
    Seed(Seed),
    /// Print the GraphQL schema.
    Schema,
}

/// Which database.
#[derive(Debug, Clone, Args)]
pub struct DatabaseOptions {
    /// Connection string of a Postgres, 15 to 18. Of its owner, who may also make roles: the server then brings it up to
    /// date and logs in as `clinigraph_app`. Of `clinigraph_app` or a role like it: the server uses it as it is.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Where a private Postgres, its data and the keys are kept.
    #[arg(long, env = "CLINIGRAPH_DATA", default_value_os_t = default_data())]
    pub data: PathBuf,
    /// Directory of Postgres' programs for the private Postgres; looked for in the usual places when not given.
    #[arg(long, env = "CLINIGRAPH_POSTGRES")]
    pub postgres: Option<PathBuf>,
    /// The keys that seal secrets: `1:<base64 of 32 bytes>`, further ones behind commas. Kept in the data directory
    /// when not given.
    #[arg(long, env = "CLINIGRAPH_KEYS", hide_env_values = true)]
    pub keys: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub struct Serve {
    #[command(flatten)]
    pub database: DatabaseOptions,
    /// Where to listen.
    #[arg(long, env = "CLINIGRAPH_ADDRESS", default_value_t = DEFAULT_ADDRESS)]
    pub address: SocketAddr,
    /// Load made-up clinics and people into an empty database, and let anyone sign in as them. Not for real data.
    #[arg(long, env = "CLINIGRAPH_DEMO")]
    pub demo: bool,
    /// In a demo, keep the made-up people from opening and answering tickets by themselves.
    #[arg(long, env = "CLINIGRAPH_DEMO_QUIET")]
    pub demo_quiet: bool,
    /// Tell the number of statements in each answer, and show the schema to strangers.
    #[arg(long, env = "CLINIGRAPH_DEVELOPMENT")]
    pub development: bool,
    /// Connections to Postgres for requests of clinics; administrators and the server itself get a share on top.
    #[arg(long, env = "CLINIGRAPH_CONNECTIONS", default_value_t = 16)]
    pub connections: usize,
    /// Threads that work on requests; half of the processors unless said, as Postgres wants the other half.
    #[arg(long, env = "CLINIGRAPH_WORKERS", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub workers: Option<u16>,
    /// Documents that clients may name by their hash: a JSON object from SHA-256, in hexadecimal, to document.
    #[arg(long, env = "CLINIGRAPH_MANIFEST", value_name = "FILE")]
    pub manifest: Option<PathBuf>,
    /// Which operations are run: any, or only the trusted ones of the manifest.
    #[arg(long, env = "CLINIGRAPH_OPERATIONS", value_enum, default_value_t, requires_if("trusted", "manifest"))]
    pub operations: Run,
    /// Pages of these origins may call the API from a browser, beside the server's own.
    #[arg(long, env = "CLINIGRAPH_ORIGINS", value_delimiter = ',')]
    pub origins: Vec<String>,
    #[command(flatten)]
    pub limits: LimitOptions,
}

/// Which operations are run.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub enum Run {
    #[default]
    Any,
    Trusted,
}

#[derive(Debug, Clone, Args)]
pub struct Seed {
    #[command(flatten)]
    pub database: DatabaseOptions,
    /// Meant: this writes as many rows as the sizes say.
    #[arg(long = "scale", required = true)]
    pub meant: bool,
    #[command(flatten)]
    pub scale: Scale,
    /// Also into a database with other people in it.
    #[arg(long)]
    pub force: bool,
}

/// The user's data home.
fn default_data() -> PathBuf {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share"));
    let base = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).or_else(home).unwrap_or_default();
    base.join("clinigraph")
}
