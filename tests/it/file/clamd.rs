//! A daemon that speaks ClamAV's protocol, well or badly.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Found in a stream that has it.
pub const VIRUS: &str = "EICAR-STANDARD-ANTIVIRUS-TEST-FILE";

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mood {
    /// Scans what it is sent.
    Well,
    /// Takes the connection and never answers.
    Silent,
    /// Says in the middle of a stream that it is too large, and closes.
    TooLarge,
    /// Closes without a word.
    Closes,
    /// Answers half a line.
    Mumbles,
}

pub struct Clamd {
    pub address: String,
    mood: Arc<Mutex<Mood>>,
}

impl Clamd {
    pub async fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let mood = Arc::new(Mutex::new(mood));
        let shared = Arc::clone(&mood);
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let mood = *shared.lock().unwrap();
                // What goes wrong in here shows in the test.
                tokio::spawn(async move { answer(connection, mood).await.ok() });
            }
        });
        Self { address, mood }
    }

    pub fn be(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }
}

async fn answer(mut connection: TcpStream, mood: Mood) -> std::io::Result<()> {
    let mut command = [0; 10];
    connection.read_exact(&mut command).await?;
    assert_eq!(&command, b"zINSTREAM\0");
    let mut content = Vec::new();
    loop {
        let length = connection.read_u32().await? as usize;
        if length == 0 {
            break;
        }
        let mut piece = vec![0; length];
        connection.read_exact(&mut piece).await?;
        content.extend_from_slice(&piece);
        if mood == Mood::TooLarge {
            return connection.write_all(b"INSTREAM size limit exceeded. ERROR\0").await;
        }
    }
    let has_virus = content.windows(VIRUS.len()).any(|window| window == VIRUS.as_bytes());
    match mood {
        Mood::Silent => std::future::pending().await,
        Mood::Closes => Ok(()),
        Mood::Mumbles => connection.write_all(b"stream: O").await,
        _ if has_virus => connection.write_all(b"stream: Eicar-Test-Signature FOUND\0").await,
        _ => connection.write_all(b"stream: OK\0").await,
    }
}
