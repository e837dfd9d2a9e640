//! Services on loopback that speak the protocols of the real ones, well or badly. Each takes its mood for the next requests from a
//! queue, and signs webhooks as the real one does.

mod telnyx;
mod twilio;
mod whatsapp;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use serde_json::Value;

pub use self::{
    telnyx::{KEY as TELNYX_KEY, NUMBER as TELNYX_NUMBER, Telnyx},
    twilio::Twilio,
    whatsapp::{NUMBER_ID, VERIFY_TOKEN, WhatsApp},
};
use crate::harness::receiver::{Does, Received, Receiver};

/// What a service does with the next request.
#[derive(Debug, Clone, PartialEq)]
pub enum Mood {
    Well,
    /// Too many requests; come back after so many seconds.
    Busy(u64),
    /// An error of its own, with this status.
    Fails(u16),
    /// Does what was asked, and the answer is lost.
    DropsAnswer,
    /// Does what was asked, and only a part of the answer arrives.
    CutsAnswer,
    /// Refuses with an error code of its own.
    Refuses(i64),
}

/// What is common to them: a server, and moods.
pub struct Fake {
    pub receiver: Receiver,
    moods: Arc<Mutex<VecDeque<Mood>>>,
}

/// The protocol of a service.
trait Protocol: Send + Sync + 'static {
    /// The answer to a request, if all is well; status and body.
    fn answer(&self, number: usize, request: &Received) -> (u16, Value);

    /// The answer that refuses with a code.
    fn refusal(&self, code: i64) -> (u16, Value);

    fn busy(&self) -> (u16, Value);
}

fn answered(status: u16, headers: String, body: &Value) -> Does {
    Does::Answer { status, headers: format!("content-type: application/json\r\n{headers}"), body: body.to_string() }
}

impl Fake {
    async fn start(protocol: impl Protocol) -> Self {
        let moods: Arc<Mutex<VecDeque<Mood>>> = Arc::default();
        let queue = Arc::clone(&moods);
        let receiver = Receiver::deciding(move |number, request| {
            let mood = queue.lock().unwrap().pop_front().unwrap_or(Mood::Well);
            match mood {
                Mood::Well => {
                    let (status, body) = protocol.answer(number, request);
                    answered(status, String::new(), &body)
                }
                Mood::Busy(seconds) => {
                    let (status, body) = protocol.busy();
                    answered(status, format!("retry-after: {seconds}\r\n"), &body)
                }
                Mood::Fails(status) => {
                    Does::Answer { status, headers: String::new(), body: "<html>oops</html>".to_owned() }
                }
                Mood::DropsAnswer => Does::BreakOff,
                Mood::CutsAnswer => Does::BreakOffInBody,
                Mood::Refuses(code) => {
                    let (status, body) = protocol.refusal(code);
                    answered(status, String::new(), &body)
                }
            }
        })
        .await;
        Self { receiver, moods }
    }

    /// Sets the moods for the next requests.
    pub fn be(&self, moods: impl IntoIterator<Item = Mood>) {
        self.moods.lock().unwrap().extend(moods);
    }

    /// The requests that sent a message.
    pub fn sent(&self) -> Vec<Received> {
        self.receiver.received().into_iter().filter(|request| request.line.starts_with("POST ")).collect()
    }
}
