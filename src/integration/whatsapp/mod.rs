//! Messages on WhatsApp, by Meta's Cloud API.

mod errors;
mod parse;
mod send;

pub use self::{
    parse::parse,
    send::{Button, Recipient, WhatsAppContent, WhatsAppMessage, test},
};
