//! Scans for viruses by ClamAV, over the command `INSTREAM` of its daemon. Only the answer `OK` to a whole stream counts as
//! clean: anything else is no answer, and the content stays unscanned.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::kernel::Result;

/// The longest answer that is read.
const LONGEST_ANSWER: u64 = 4096;

/// A daemon of ClamAV.
#[derive(Debug, Clone)]
pub struct ScannerOptions {
    /// Host and port.
    pub address: String,
    /// Bytes of the largest content that the daemon scans (`StreamMaxLength`).
    pub most_bytes: u64,
    /// Time for each step: to connect, to take a piece, and to answer.
    pub step: Duration,
}

/// What a scan came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Clean,
    /// With the name of what was found.
    Infected(String),
    /// There was no answer that counts; with the reason, for the log.
    Unknown(String),
}

impl ScannerOptions {
    /// Scans a content. `Err` if the content itself cannot be read.
    pub async fn scan(&self, content: impl Stream<Item = Result<Bytes>>) -> Result<Verdict> {
        let mut content = std::pin::pin!(content);
        let mut connection = match timeout(self.step, TcpStream::connect(&self.address)).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => return Ok(Verdict::Unknown(format!("cannot connect to {}: {error}", self.address))),
            Err(_) => return Ok(Verdict::Unknown(format!("{} does not take connections", self.address))),
        };
        let mut broken = self.send(&mut connection, b"zINSTREAM\0").await;
        while broken.is_none()
            && let Some(piece) = content.next().await
        {
            let piece = piece?;
            let length = u32::try_from(piece.len()).unwrap_or(u32::MAX).to_be_bytes();
            broken = self.send(&mut connection, &length).await;
            if broken.is_none() {
                broken = self.send(&mut connection, &piece).await;
            }
        }
        let is_whole = broken.is_none();
        if is_whole {
            broken = self.send(&mut connection, &[0; 4]).await;
        }
        // A daemon that takes no more says why before it closes.
        let answer = self.answer(connection).await;
        Ok(match (verdict(&answer), broken) {
            (Verdict::Clean, None) => Verdict::Clean,
            (Verdict::Clean, Some(problem)) => Verdict::Unknown(problem),
            (Verdict::Unknown(answer), Some(problem)) => Verdict::Unknown(format!("{problem}; {answer}")),
            (verdict, _) => verdict,
        })
    }

    /// Sends bytes; returns what went wrong.
    async fn send(&self, connection: &mut TcpStream, bytes: &[u8]) -> Option<String> {
        match timeout(self.step, connection.write_all(bytes)).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(format!("the connection broke: {error}")),
            Err(_) => Some("the daemon reads no further".to_owned()),
        }
    }

    async fn answer(&self, connection: TcpStream) -> String {
        let mut answer = Vec::new();
        let mut limited = connection.take(LONGEST_ANSWER);
        // What came before a pause or an error is judged, too.
        drop(timeout(self.step, limited.read_to_end(&mut answer)).await);
        String::from_utf8_lossy(&answer).into_owned()
    }
}

/// Judges an answer, which ends with a zero byte.
fn verdict(answer: &str) -> Verdict {
    let Some(answer) = answer.strip_suffix('\0') else {
        return Verdict::Unknown(format!("the answer is not whole: {answer:?}"));
    };
    match answer.strip_prefix("stream: ") {
        Some("OK") => Verdict::Clean,
        Some(found) if found.ends_with(" FOUND") => {
            let name: String = found.trim_end_matches(" FOUND").chars().filter(|letter| !letter.is_control()).collect();
            Verdict::Infected(name.chars().take(200).collect())
        }
        _ => Verdict::Unknown(format!("the answer is {answer:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_and_plain_answer_counts() {
        assert_eq!(verdict("stream: OK\0"), Verdict::Clean);
        assert_eq!(verdict("stream: Eicar-Test FOUND\0"), Verdict::Infected("Eicar-Test".to_owned()));
        for answer in
            ["", "stream: OK", "stream: O", "OK\0", "stream: OK ERROR\0", "INSTREAM size limit exceeded. ERROR\0"]
        {
            assert!(matches!(verdict(answer), Verdict::Unknown(_)), "{answer:?}");
        }
    }
}
