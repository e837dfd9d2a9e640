//! Sends HTTP requests to other servers. What people typed in reaches public addresses only, and neither the network of the
//! server nor the services of its cloud; what the operator has configured is trusted. Redirects are never followed, and
//! proxies and cookies are not used.

mod address;
mod connect;
mod guard;
mod request;
mod resolve;
mod send;
mod tls;

pub use self::{
    address::is_public,
    guard::{Reach, Refusal},
    request::{Reply, Request, Unsent},
    resolve::{Resolve, SystemResolver},
    send::{Outbound, OutboundOptions},
};
