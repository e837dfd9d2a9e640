//! Where requests may go whose addresses people typed in, such as those of webhooks.

use clap::Args;

use crate::outbound::OutboundOptions;

/// Requests to other servers.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Requests to other servers")]
pub struct OutboundArguments {
    /// Send webhooks to private and loopback addresses too, to any port, and without TLS. Whoever manages webhooks then
    /// reaches what this machine reaches: for development, and for networks in which nothing else is.
    #[arg(long, env = "CLINIGRAPH_ALLOW_PRIVATE_WEBHOOKS")]
    pub allow_private_webhooks: bool,
    /// Ports that webhooks may be sent to, separated by commas.
    #[arg(long, env = "CLINIGRAPH_WEBHOOK_PORTS", value_name = "PORTS", value_delimiter = ',', default_value = "443")]
    pub webhook_ports: Vec<u16>,
    /// Address under which other servers reach this one, such as https://clinic.example, without a path: services are given it
    /// for their webhooks, and some sign it.
    #[arg(long, env = "CLINIGRAPH_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
}

impl OutboundArguments {
    /// What the operator allows; a warning in the log tells if it is more than usual.
    #[must_use]
    pub fn options(&self) -> OutboundOptions {
        if self.allow_private_webhooks {
            tracing::warn!("webhooks may be sent to private addresses and without TLS (--allow-private-webhooks)");
        }
        OutboundOptions {
            allows_private: self.allow_private_webhooks,
            ports: self.webhook_ports.clone(),
            ..OutboundOptions::default()
        }
    }
}
