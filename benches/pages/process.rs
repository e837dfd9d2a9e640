//! Processes, as the kernel counts them. Linux only: elsewhere nothing is counted, and the table says so.

use std::{
    fs,
    process::Stdio,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::{Child, Command},
};

/// A child that ends with this program.
pub struct Server {
    child: Child,
    pub address: std::net::SocketAddr,
}

impl Server {
    pub fn start(program: &str, arguments: &[&str], variables: &[(&str, &str)], port: u16) -> Self {
        let mut command = Command::new(program);
        command.args(arguments).stdout(Stdio::null()).kill_on_drop(true);
        for (name, value) in variables {
            command.env(name, value);
        }
        Self { child: command.spawn().unwrap(), address: ([127, 0, 0, 1], port).into() }
    }

    /// Waits until it answers; an empty path: until it listens.
    pub async fn ready(&self, path: &str) {
        let until = Instant::now() + Duration::from_secs(20);
        while Instant::now() < until {
            if self.answers(path).await.unwrap_or(false) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the server does not come up");
    }

    async fn answers(&self, path: &str) -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(self.address).await?;
        if path.is_empty() {
            return Ok(true);
        }
        stream
            .write_all(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").as_bytes())
            .await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer.starts_with("HTTP/1.1 200"))
    }

    pub fn pid(&self) -> u32 {
        self.child.id().expect("it runs")
    }
}

/// A port that nobody listens on now.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// CPU time of a process with all its threads, in milliseconds; `None` where it is unknown.
pub fn cpu_ms(pid: u32) -> Option<f64> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).ok()?;
    let nanoseconds = threads.flatten().filter_map(|thread| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<f64>().ok()
    });
    Some(nanoseconds.sum::<f64>() / 1e6)
}

/// Resident memory in megabytes.
pub fn resident_mb(pid: u32) -> Option<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find(|line| line.starts_with("VmRSS:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1024.0)
}

/// Whether a process on this machine is Postgres.
pub fn is_postgres(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "postgres")
}
