//! A small HTTP/1.1 load generator: keep-alive connections, one request under way on each.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A request as bytes, ready to be written again and again.
#[derive(Debug, Clone)]
pub(crate) struct Request(Arc<[u8]>);

impl Request {
    /// `GET path` with these headers.
    pub(crate) fn get(path: &str, headers: &[(&str, &str)]) -> Self {
        Self::build("GET", path, headers, "")
    }

    /// `POST path` with a JSON body.
    pub(crate) fn post(path: &str, headers: &[(&str, &str)], body: &str) -> Self {
        Self::build("POST", path, headers, body)
    }

    fn build(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Self {
        let mut text = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n");
        for (name, value) in headers {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        if !body.is_empty() {
            let _ = write!(
                text,
                "content-type: application/json\r\ncontent-length: {}\r\n",
                body.len()
            );
        }
        text.push_str("\r\n");
        text.push_str(body);
        Self(text.into_bytes().into())
    }
}

/// What a run measured.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    /// Answers with a 2xx status.
    pub(crate) answers: u64,
    /// How long it ran.
    pub(crate) elapsed: Duration,
    /// Latencies in microseconds, sorted.
    latencies: Vec<u32>,
}

impl Measured {
    /// Answers a second.
    #[expect(clippy::cast_precision_loss, reason = "counts of a few seconds")]
    pub(crate) fn rate(&self) -> f64 {
        self.answers as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency that `percent` of the answers did not exceed.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let at = (self.latencies.len() * percent / 100).min(self.latencies.len().saturating_sub(1));
        Duration::from_micros(self.latencies.get(at).copied().unwrap_or(0).into())
    }
}

/// Sends `request` over `connections` connections for `span`. Any answer that is not 2xx ends the run.
pub(crate) async fn run(
    address: &str,
    request: &Request,
    connections: usize,
    span: Duration,
) -> Result<Measured> {
    run_each(address, std::slice::from_ref(request), connections, span).await
}

/// The same with several requests in turn; every connection begins at another.
pub(crate) async fn run_each(
    address: &str,
    requests: &[Request],
    connections: usize,
    span: Duration,
) -> Result<Measured> {
    let stop = Arc::new(AtomicBool::new(false));
    let answers = Arc::new(AtomicU64::new(0));
    let mut workers = tokio::task::JoinSet::new();
    let started = Instant::now();
    for number in 0..connections {
        let (address, requests) = (address.to_owned(), requests.to_vec());
        let (stop, answers) = (Arc::clone(&stop), Arc::clone(&answers));
        workers.spawn(async move {
            let mut connection = Connection::open(&address).await?;
            let mut latencies = Vec::new();
            let mut turn = requests.iter().cycle().skip(number % requests.len());
            while !stop.load(Ordering::Relaxed) {
                let Request(bytes) = turn.next().context("at least one request")?;
                let sent = Instant::now();
                connection.exchange(bytes).await?;
                latencies.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
                answers.fetch_add(1, Ordering::Relaxed);
            }
            anyhow::Ok(latencies)
        });
    }
    tokio::time::sleep(span).await;
    stop.store(true, Ordering::Relaxed);
    let elapsed = started.elapsed();
    let counted = answers.load(Ordering::Relaxed);
    let mut latencies = Vec::new();
    while let Some(worker) = workers.join_next().await {
        latencies.extend(worker??);
    }
    latencies.sort_unstable();
    Ok(Measured {
        answers: counted,
        elapsed,
        latencies,
    })
}

/// Sends one request; the body of a good answer.
pub(crate) async fn once(address: &str, request: &Request) -> Result<String> {
    let mut connection = Connection::open(address).await?;
    connection.exchange(&request.0).await?;
    let text = String::from_utf8_lossy(&connection.buffer).into_owned();
    Ok(text
        .split_once("\r\n\r\n")
        .map(|(_, body)| body.to_owned())
        .unwrap_or_default())
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address)
            .await
            .with_context(|| address.to_owned())?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(16 << 10),
        })
    }

    async fn exchange(&mut self, request: &[u8]) -> Result<()> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            ensure!(
                self.stream.read_buf(&mut self.buffer).await? > 0,
                "the server closed the connection"
            );
            if let Some(at) = self
                .buffer
                .windows(4)
                .position(|window| window == b"\r\n\r\n")
            {
                break at + 4;
            }
        };
        let text = std::str::from_utf8(&self.buffer[..head])?.to_ascii_lowercase();
        if !text.starts_with("http/1.1 2") {
            bail!("answer:\n{}", String::from_utf8_lossy(&self.buffer));
        }
        let whole = match text
            .split("\r\n")
            .find_map(|line| line.strip_prefix("content-length: "))
        {
            Some(length) => head + length.trim().parse::<usize>()?,
            None => return self.read_chunks(head).await,
        };
        while self.buffer.len() < whole {
            ensure!(
                self.stream.read_buf(&mut self.buffer).await? > 0,
                "the body was cut off"
            );
        }
        Ok(())
    }

    /// A body in chunks ends with an empty one.
    async fn read_chunks(&mut self, head: usize) -> Result<()> {
        while !self.buffer[head..].ends_with(b"0\r\n\r\n") {
            ensure!(
                self.stream.read_buf(&mut self.buffer).await? > 0,
                "the body was cut off"
            );
        }
        Ok(())
    }
}
