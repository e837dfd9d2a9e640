//! The kinds of events, as endpoints name them: the topic and what happened, such as `ticket.opened`.

use std::fmt::Write as _;

use crate::{
    entities::topics,
    kernel::{error::Problems, events::Topic},
};

/// Kind of a test, which is no event.
pub const TEST: &str = "webhook.test";

/// The name of a kind of events.
#[must_use]
pub fn name(topic: &str, kind: &str) -> String {
    format!("{topic}.{kind}")
}

/// The topic of a kind of events, and what happened.
#[must_use]
pub fn parse(name: &str) -> Option<(&'static Topic, &str)> {
    let (topic, kind) = name.split_once('.')?;
    let topic = topics().into_iter().find(|known| known.name == topic)?;
    topic.kind(kind).map(|_| (topic, kind))
}

/// Notes each kind that is not known, with the known ones of its topic.
pub fn check(kinds: &[&str], problems: &mut Problems) {
    for (at, kind) in kinds.iter().enumerate() {
        if parse(kind).is_some() {
            continue;
        }
        let topic = topics().into_iter().find(|topic| kind.split('.').next() == Some(topic.name));
        let mut message = "must be a kind of events, ".to_owned();
        match topic {
            Some(topic) => {
                let known: Vec<_> = topic.kinds.iter().map(|kind| name(topic.name, kind.text)).collect();
                // Writing to a string does not fail.
                let _ = write!(message, "one of {}", known.join(", "));
            }
            None => message.push_str("a topic and what happened, such as ticket.opened"),
        }
        problems.check(false, &format!("input.eventKinds.{at}"), message);
    }
}
