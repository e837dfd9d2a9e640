//! The limits that an operator can set. Their defaults come from the modules that enforce them.

use std::{net::IpAddr, time::Duration};

use clap::Args;

use crate::{
    kernel::db::Shares,
    pipeline::{Limits, Rates, Settings},
    server::{ServerConfig, SocketConfig},
};

/// Limits of one request and of one client.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitOptions {
    /// Maximum bytes of a request body.
    #[arg(long, env = "CLINIGRAPH_MAX_BODY", default_value_t = ServerConfig::default().max_body)]
    pub max_body: usize,
    /// Maximum bytes of a document.
    #[arg(long, env = "CLINIGRAPH_MAX_DOCUMENT", default_value_t = Limits::default().document_bytes)]
    pub max_document: usize,
    /// Maximum tokens of a document.
    #[arg(long, env = "CLINIGRAPH_MAX_TOKENS", default_value_t = Limits::default().tokens)]
    pub max_tokens: usize,
    /// Maximum levels of fields within fields.
    #[arg(long, env = "CLINIGRAPH_MAX_DEPTH", default_value_t = Limits::default().depth)]
    pub max_depth: u64,
    /// Maximum fields and fragments of a document, with the content of a fragment counted wherever it is spread.
    #[arg(long, env = "CLINIGRAPH_MAX_SELECTIONS", default_value_t = Limits::default().selections)]
    pub max_selections: u64,
    /// Maximum aliases of a document.
    #[arg(long, env = "CLINIGRAPH_MAX_ALIASES", default_value_t = Limits::default().aliases)]
    pub max_aliases: u64,
    /// Maximum directives of a document.
    #[arg(long, env = "CLINIGRAPH_MAX_DIRECTIVES", default_value_t = Limits::default().directives)]
    pub max_directives: u64,
    /// Maximum fields at the root of an operation.
    #[arg(long, env = "CLINIGRAPH_MAX_ROOT_FIELDS", default_value_t = Limits::default().root_fields)]
    pub max_root_fields: u64,
    /// Maximum cost of an operation: about one for each object that it can return.
    #[arg(long, env = "CLINIGRAPH_MAX_COST", default_value_t = Limits::default().cost)]
    pub max_cost: u64,
    /// Maximum items of a list in the input.
    #[arg(long, env = "CLINIGRAPH_MAX_INPUT_LIST", default_value_t = Limits::default().input_list)]
    pub max_input_list: usize,
    /// Seconds after which an operation is cancelled.
    #[arg(long, env = "CLINIGRAPH_REQUEST_SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    pub request_seconds: u64,
    /// Seconds after which one statement of an operation is cancelled in Postgres.
    #[arg(long, env = "CLINIGRAPH_STATEMENT_SECONDS", default_value_t = Settings::default().statement_timeout.as_secs(), value_parser = clap::value_parser!(u64).range(1..))]
    pub statement_seconds: u64,
    /// Cost that a signed-in user may spend in a minute; 0 for no limit.
    #[arg(long, env = "CLINIGRAPH_RATE_USER", default_value_t = Rates::default().user)]
    pub rate_user: u64,
    /// Cost that the anonymous callers of one address may spend in a minute; 0 for no limit.
    #[arg(long, env = "CLINIGRAPH_RATE_ANONYMOUS", default_value_t = Rates::default().anonymous)]
    pub rate_anonymous: u64,
    /// Percentage of the rates of single operations, such as opening tickets, that is allowed; 0 for no limit.
    #[arg(long, env = "CLINIGRAPH_OPERATION_RATES", default_value_t = Settings::default().operation_rates, value_name = "PERCENT")]
    pub operation_rates: u32,
    /// Percentage of the connections to Postgres that the operations of one person are given at once. They may use more
    /// while nobody waits.
    #[arg(long, env = "CLINIGRAPH_PERSON_SHARE", default_value_t = Shares::default().person, value_name = "PERCENT", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub person_share: u32,
    /// Percentage of the connections to Postgres that the operations of one clinic, or of the anonymous callers of one
    /// address, are given at once. They may use more while nobody waits.
    #[arg(long, env = "CLINIGRAPH_CLINIC_SHARE", default_value_t = Shares::default().party, value_name = "PERCENT", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub clinic_share: u32,
    /// Maximum operations of one person that wait for a connection to Postgres.
    #[arg(long, env = "CLINIGRAPH_MAX_WAITING_PER_PERSON", default_value_t = Shares::default().waiting_of_person)]
    pub max_waiting_per_person: usize,
    /// Maximum operations of one clinic, or of the anonymous callers of one address, that wait for a connection to Postgres.
    #[arg(long, env = "CLINIGRAPH_MAX_WAITING_PER_CLINIC", default_value_t = Shares::default().waiting_of_party)]
    pub max_waiting_per_clinic: usize,
    /// Milliseconds that an operation waits for a connection to Postgres.
    #[arg(long, env = "CLINIGRAPH_MAX_WAIT", default_value_t = Shares::default().wait.as_millis() as u64, value_name = "MILLISECONDS")]
    pub max_wait: u64,
    /// Maximum connections open at once, WebSockets included; further ones wait.
    #[arg(long, env = "CLINIGRAPH_MAX_CONNECTIONS", default_value_t = ServerConfig::default().max_connections)]
    pub max_connections: usize,
    /// Maximum connections open at once from one address, which is no trusted proxy; further ones are closed.
    #[arg(long, env = "CLINIGRAPH_MAX_CONNECTIONS_PER_ADDRESS", default_value_t = ServerConfig::default().max_connections_per_address)]
    pub max_connections_per_address: usize,
    /// Maximum WebSockets of one user, and event streams of one session.
    #[arg(long, env = "CLINIGRAPH_MAX_SOCKETS_PER_USER", default_value_t = SocketConfig::default().max_per_user)]
    pub max_sockets_per_user: usize,
    /// Maximum WebSockets and event streams of the anonymous callers of one address.
    #[arg(long, env = "CLINIGRAPH_MAX_SOCKETS_PER_ADDRESS", default_value_t = SocketConfig::default().max_per_address)]
    pub max_sockets_per_address: usize,
    /// Maximum operations that run at once on one WebSocket.
    #[arg(long, env = "CLINIGRAPH_MAX_SOCKET_OPERATIONS", default_value_t = SocketConfig::default().max_operations)]
    pub max_socket_operations: usize,
    /// Addresses of trusted proxies, whose X-Forwarded-For, X-Forwarded-Host and X-Forwarded-Proto are used. Without it, all clients behind
    /// a proxy share one address in the limits above.
    #[arg(long, env = "CLINIGRAPH_TRUSTED_PROXIES", value_delimiter = ',', value_name = "ADDRESSES")]
    pub trusted_proxies: Vec<IpAddr>,
}

impl LimitOptions {
    /// The limits of one operation.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits {
            document_bytes: self.max_document,
            tokens: self.max_tokens,
            depth: self.max_depth,
            selections: self.max_selections,
            aliases: self.max_aliases,
            directives: self.max_directives,
            root_fields: self.max_root_fields,
            cost: self.max_cost,
            input_list: self.max_input_list,
            ..Limits::default()
        }
    }

    #[must_use]
    pub fn rates(&self) -> Rates {
        Rates { user: self.rate_user, anonymous: self.rate_anonymous }
    }

    /// The time after which an operation is cancelled.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        Duration::from_secs(self.request_seconds)
    }

    /// The time after which one statement is cancelled.
    #[must_use]
    pub fn statement_timeout(&self) -> Duration {
        Duration::from_secs(self.statement_seconds)
    }

    /// How callers share the connections to the database.
    #[must_use]
    pub fn shares(&self) -> Shares {
        Shares {
            person: self.person_share,
            party: self.clinic_share,
            waiting_of_person: self.max_waiting_per_person,
            waiting_of_party: self.max_waiting_per_clinic,
            wait: Duration::from_millis(self.max_wait),
        }
    }

    /// The limits of the transports.
    #[must_use]
    pub fn server(&self) -> ServerConfig {
        let server = ServerConfig::default();
        ServerConfig {
            max_body: self.max_body,
            max_connections: self.max_connections,
            max_connections_per_address: self.max_connections_per_address,
            trusted_proxies: self.trusted_proxies.clone(),
            // The transports wait longer than the pipeline, whose error says more.
            answer_timeout: server.answer_timeout.max(self.deadline() * 2),
            socket: SocketConfig {
                // A message is a body with an envelope.
                max_message: self.max_body + (4 << 10),
                max_per_user: self.max_sockets_per_user,
                max_per_address: self.max_sockets_per_address,
                max_operations: self.max_socket_operations,
                ..server.socket
            },
            ..server
        }
    }
}
