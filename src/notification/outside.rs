//! What messages leave the application with, as far as it is set up.

use std::sync::Arc;

use uuid::Uuid;

use super::{
    NotificationChannel, NotificationDelivery,
    carrier::{Carried, Carrier},
    compose::Message,
    push::{Push, Target},
};
use crate::{
    kernel::{Id, Result, db::Scope, links::Links},
    mail::{Letter, Mailer, Unsent as UnsentLetter},
};

/// The ways out of the application; clones share them.
#[derive(Clone)]
pub struct Outside {
    mailer: Mailer,
    push: Push,
    links: Links,
    /// Address of this server, as browsers reach it; links in messages begin with it.
    public_url: Option<String>,
    carriers: Vec<(NotificationChannel, Arc<dyn Carrier>)>,
}

/// A message that the provider of the channel has accepted.
#[derive(Debug)]
pub struct Accepted {
    /// Id by which the provider reports on the message.
    pub provider_message_id: Option<String>,
}

/// Why a message was not sent.
#[derive(Debug)]
pub enum Unsent {
    Later(String),
    Refused(String),
    /// Nobody answered: it was sent or not.
    Unknown(String),
}

/// What the sender needs to know of a delivery.
#[derive(Debug)]
pub struct Delivery<'a> {
    pub id: Id<NotificationDelivery>,
    pub clinic: Uuid,
    pub channel: NotificationChannel,
    pub address: &'a str,
    pub reply_to: Option<String>,
    pub unsubscribe_url: Option<String>,
    /// Browsers of the recipient.
    pub browsers: &'a [Target],
    pub is_urgent: bool,
}

impl Outside {
    #[must_use]
    pub fn new(mailer: Mailer, push: Push, links: Links, public_url: Option<String>) -> Self {
        Self { mailer, push, links, public_url, carriers: Vec::new() }
    }

    /// With what carries messages on a channel.
    #[must_use]
    pub fn with_carrier(mut self, channel: NotificationChannel, carrier: Arc<dyn Carrier>) -> Self {
        self.carriers.push((channel, carrier));
        self
    }

    fn carrier(&self, channel: NotificationChannel) -> Option<&dyn Carrier> {
        self.carriers.iter().find(|(known, _)| *known == channel).map(|(_, carrier)| &**carrier)
    }

    #[must_use]
    pub fn mailer(&self) -> &Mailer {
        &self.mailer
    }

    #[must_use]
    pub fn push(&self) -> &Push {
        &self.push
    }

    #[must_use]
    pub fn links(&self) -> &Links {
        &self.links
    }

    /// The address of a path on this server, if it knows its own.
    #[must_use]
    pub fn url(&self, path: &str) -> Option<String> {
        self.public_url.as_ref().map(|url| format!("{}{path}", url.trim_end_matches('/')))
    }

    /// Whether anything can be sent on a channel for a clinic.
    pub async fn has(&self, scope: &Scope, clinic: Uuid, channel: NotificationChannel) -> Result<bool> {
        Ok(match channel {
            NotificationChannel::InApp => true,
            NotificationChannel::Email => self.mailer.is_there(),
            NotificationChannel::Push => self.push.is_there(),
            NotificationChannel::Sms | NotificationChannel::Whatsapp => match self.carrier(channel) {
                Some(carrier) => carrier.serves(scope, clinic).await?,
                None => false,
            },
        })
    }

    /// Sends a message; also returns the browsers of the recipient that do not exist any more.
    pub async fn send(&self, delivery: &Delivery<'_>, message: Message) -> (Vec<Uuid>, Result<Accepted, Unsent>) {
        match delivery.channel {
            NotificationChannel::Email => (Vec::new(), self.send_letter(delivery, message).await),
            NotificationChannel::Push => self.push.send_all(delivery.browsers, &message, delivery.is_urgent).await,
            NotificationChannel::InApp | NotificationChannel::Sms | NotificationChannel::Whatsapp => {
                (Vec::new(), self.carry(delivery, &message).await)
            }
        }
    }

    async fn carry(&self, delivery: &Delivery<'_>, message: &Message) -> Result<Accepted, Unsent> {
        let Some(carrier) = self.carrier(delivery.channel) else {
            return Err(Unsent::Refused("the channel is not set up".to_owned()));
        };
        let carried = Carried {
            clinic: delivery.clinic,
            delivery: delivery.id.uuid(),
            address: delivery.address.to_owned(),
            text: message.short(),
            language: message.language,
        };
        carrier.carry(&carried).await
    }

    async fn send_letter(&self, delivery: &Delivery<'_>, message: Message) -> Result<Accepted, Unsent> {
        let letter = Letter {
            message_id: delivery.id.to_string(),
            to: delivery.address.to_owned(),
            sender_name: message.sender_name.clone(),
            reply_to: delivery.reply_to.clone(),
            subject: message.subject.clone(),
            html: message.html(delivery.unsubscribe_url.as_deref()),
            text: message.plain(delivery.unsubscribe_url.as_deref()),
            unsubscribe_url: delivery.unsubscribe_url.clone(),
        };
        match self.mailer.send(&letter).await {
            Ok(_) => Ok(Accepted { provider_message_id: None }),
            Err(UnsentLetter::Later(reason)) => Err(Unsent::Later(reason)),
            Err(UnsentLetter::Never(reason)) => Err(Unsent::Refused(reason)),
        }
    }
}
