//! The limits an operator can set. Each has the default that its own room gives it.

use std::{net::IpAddr, time::Duration};

use clap::Args;

use crate::{
    pipeline::{Limits, Rates},
    server::{ServerConfig, SocketConfig},
};

/// What one request, and one client, may ask for at most.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitOptions {
    /// Bytes of a request's body.
    #[arg(long, env = "CLINIGRAPH_MAX_BODY", default_value_t = ServerConfig::default().max_body)]
    pub max_body: usize,
    /// Bytes of a document.
    #[arg(long, env = "CLINIGRAPH_MAX_DOCUMENT", default_value_t = Limits::default().document_bytes)]
    pub max_document: usize,
    /// Tokens of a document.
    #[arg(long, env = "CLINIGRAPH_MAX_TOKENS", default_value_t = Limits::default().tokens)]
    pub max_tokens: usize,
    /// Fields within fields.
    #[arg(long, env = "CLINIGRAPH_MAX_DEPTH", default_value_t = Limits::default().depth)]
    pub max_depth: u64,
    /// Fields and fragments of a document, with what is in a fragment counted wherever it is spread.
    #[arg(long, env = "CLINIGRAPH_MAX_SELECTIONS", default_value_t = Limits::default().selections)]
    pub max_selections: u64,
    /// Aliases of a document.
    #[arg(long, env = "CLINIGRAPH_MAX_ALIASES", default_value_t = Limits::default().aliases)]
    pub max_aliases: u64,
    /// Directives of a document.
    #[arg(long, env = "CLINIGRAPH_MAX_DIRECTIVES", default_value_t = Limits::default().directives)]
    pub max_directives: u64,
    /// Fields at the root of an operation.
    #[arg(long, env = "CLINIGRAPH_MAX_ROOT_FIELDS", default_value_t = Limits::default().root_fields)]
    pub max_root_fields: u64,
    /// Cost of an operation, known before it runs: about one for each object that it can return.
    #[arg(long, env = "CLINIGRAPH_MAX_COST", default_value_t = Limits::default().cost)]
    pub max_cost: u64,
    /// Items of a list in the input.
    #[arg(long, env = "CLINIGRAPH_MAX_INPUT_LIST", default_value_t = Limits::default().input_list)]
    pub max_input_list: usize,
    /// Seconds that an operation may run.
    #[arg(long, env = "CLINIGRAPH_REQUEST_SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    pub request_seconds: u64,
    /// Cost that somebody signed in may ask for in a minute; 0 for any.
    #[arg(long, env = "CLINIGRAPH_RATE_PERSON", default_value_t = Rates::default().person)]
    pub rate_person: u64,
    /// Cost that strangers of one address may ask for in a minute; 0 for any.
    #[arg(long, env = "CLINIGRAPH_RATE_STRANGER", default_value_t = Rates::default().stranger)]
    pub rate_stranger: u64,
    /// Connections open at once, sockets included; further ones wait.
    #[arg(long, env = "CLINIGRAPH_MAX_CONNECTIONS", default_value_t = ServerConfig::default().max_connections)]
    pub max_connections: usize,
    /// Sockets of one user, and event streams of one session.
    #[arg(long, env = "CLINIGRAPH_MAX_SOCKETS_PER_USER", default_value_t = SocketConfig::default().max_per_user)]
    pub max_sockets_per_user: usize,
    /// Sockets and event streams of strangers from one address.
    #[arg(long, env = "CLINIGRAPH_MAX_SOCKETS_PER_ADDRESS", default_value_t = SocketConfig::default().max_per_address)]
    pub max_sockets_per_address: usize,
    /// Operations at once on one socket.
    #[arg(long, env = "CLINIGRAPH_MAX_SOCKET_OPERATIONS", default_value_t = SocketConfig::default().max_operations)]
    pub max_socket_operations: usize,
    /// Proxies that are believed when they tell a client's address and the host it asked for. Without them all who come
    /// through a proxy are one client to the limits above.
    #[arg(long, env = "CLINIGRAPH_TRUSTED_PROXIES", value_delimiter = ',', value_name = "ADDRESSES")]
    pub trusted_proxies: Vec<IpAddr>,
}

impl LimitOptions {
    /// Those of one operation.
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
        Rates { person: self.rate_person, stranger: self.rate_stranger }
    }

    /// How long an operation may run.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        Duration::from_secs(self.request_seconds)
    }

    /// Those of the transports.
    #[must_use]
    pub fn server(&self) -> ServerConfig {
        let server = ServerConfig::default();
        ServerConfig {
            max_body: self.max_body,
            max_connections: self.max_connections,
            trusted_proxies: self.trusted_proxies.clone(),
            // A safety net hangs below what it is for.
            answer_timeout: server.answer_timeout.max(self.deadline() * 2),
            socket: SocketConfig {
                // A message is a body in an envelope.
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
