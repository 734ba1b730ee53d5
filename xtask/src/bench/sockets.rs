//! WebSocket clients that cost little: many of them share the machine with what is measured.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Well below the 60 s of silence after which the server closes.
const HEARTBEAT: Duration = Duration::from_secs(20);
const MASK: u8 = 0x80;
/// The length follows in two bytes, or in eight.
const SHORT: u8 = 0x7e;
const LONG: u8 = 0x7f;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// One client that speaks V2.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// What of the buffer has been taken.
    taken: usize,
}

/// A message from the server.
#[derive(Debug)]
pub(crate) enum Frame {
    /// JSON.
    Text(Vec<u8>),
    /// A user broadcast.
    Binary,
}

impl Frame {
    /// Whether everybody in the room gets it: neither a reply nor a word to one channel.
    pub(crate) fn is_for_all(&self) -> bool {
        match self {
            Self::Text(text) => text.starts_with(b"[null,null,"),
            Self::Binary => true,
        }
    }
}

impl Socket {
    /// Connects through the front door.
    pub(crate) async fn open(address: &str, apikey: &str) -> Result<Self> {
        let mut stream = TcpStream::connect(address)
            .await
            .with_context(|| address.to_owned())?;
        stream.set_nodelay(true)?;
        let request = format!(
            "GET /realtime/v1/websocket?vsn=2.0.0&apikey={apikey} HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\n\
             connection: Upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut buffer = Vec::new();
        let end = loop {
            ensure!(
                stream.read_buf(&mut buffer).await? > 0,
                "the server closed the connection"
            );
            if let Some(at) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
        };
        ensure!(
            buffer.starts_with(b"HTTP/1.1 101"),
            "{}",
            String::from_utf8_lossy(&buffer)
        );
        Ok(Self {
            stream,
            buffer,
            taken: end,
        })
    }

    /// Joins `topic` with this `config` and waits for the good answer.
    pub(crate) async fn join(
        &mut self,
        topic: &str,
        token: &str,
        config: serde_json::Value,
    ) -> Result<()> {
        let payload = serde_json::json!({ "config": config, "access_token": token });
        let message =
            serde_json::json!(["1", "1", format!("realtime:{topic}"), "phx_join", payload]);
        self.send(TEXT, message.to_string().as_bytes()).await?;
        let text = self.text().await?;
        ensure!(text.contains(r#""status":"ok""#), "{text}");
        Ok(())
    }

    /// Waits until the bindings are live.
    pub(crate) async fn subscribed(&mut self) -> Result<()> {
        let text = self.text().await?;
        ensure!(text.contains("Subscribed to PostgreSQL"), "{text}");
        Ok(())
    }

    /// Says something in the binary form, as the stock client does.
    pub(crate) async fn say(&mut self, topic: &str, payload: &[u8]) -> Result<()> {
        let topic = format!("realtime:{topic}");
        let length = u8::try_from(topic.len())?;
        let mut frame = vec![3, 0, 0, length, 1, 0, 1];
        frame.extend_from_slice(topic.as_bytes());
        frame.push(b'x');
        frame.extend_from_slice(payload);
        self.send(BINARY, &frame).await
    }

    async fn text(&mut self) -> Result<String> {
        match self.next().await? {
            Frame::Text(text) => Ok(String::from_utf8(text)?),
            Frame::Binary => bail!("a text was expected"),
        }
    }

    /// The next message. Nothing is lost when this is dropped while it waits.
    pub(crate) async fn next(&mut self) -> Result<Frame> {
        loop {
            while let Some((kind, payload)) = self.parse()? {
                match kind {
                    TEXT => return Ok(Frame::Text(payload)),
                    BINARY => return Ok(Frame::Binary),
                    PING => self.send(PONG, &payload).await?,
                    CLOSE => {
                        let code = payload
                            .get(..2)
                            .map(|code| u16::from_be_bytes([code[0], code[1]]));
                        bail!("the server closed the socket: {code:?}");
                    }
                    _ => {}
                }
            }
            if self.taken > 0 {
                self.buffer.drain(..self.taken);
                self.taken = 0;
            }
            if self.buffer.is_empty() {
                // Idle clients hold no memory either.
                self.buffer = Vec::new();
            }
            ensure!(
                self.stream.read_buf(&mut self.buffer).await? > 0,
                "the server closed the connection"
            );
        }
    }

    /// A whole frame of the buffer.
    fn parse(&mut self) -> Result<Option<(u8, Vec<u8>)>> {
        let waiting = &self.buffer[self.taken..];
        let [first, second, rest @ ..] = waiting else {
            return Ok(None);
        };
        let (length, header) = match second & !MASK {
            SHORT => match rest.first_chunk() {
                Some(length) => (usize::from(u16::from_be_bytes(*length)), 4),
                None => return Ok(None),
            },
            LONG => match rest.first_chunk() {
                Some(length) => (usize::try_from(u64::from_be_bytes(*length))?, 10),
                None => return Ok(None),
            },
            length => (usize::from(length), 2),
        };
        let Some(payload) = waiting.get(header..header + length) else {
            return Ok(None);
        };
        let frame = (first & 0x0f, payload.to_vec());
        self.taken += header + length;
        Ok(Some(frame))
    }

    /// A client's frame is masked; with zeros the payload stays as it is.
    async fn send(&mut self, kind: u8, payload: &[u8]) -> Result<()> {
        let mut frame = vec![0x80 | kind];
        match payload.len() {
            length @ 0..=125 => frame.push(MASK | u8::try_from(length)?),
            length @ 126..=65_535 => {
                frame.push(MASK | SHORT);
                frame.extend_from_slice(&u16::try_from(length)?.to_be_bytes());
            }
            length => {
                frame.push(MASK | LONG);
                frame.extend_from_slice(&u64::try_from(length)?.to_be_bytes());
            }
        }
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(payload);
        self.stream.write_all(&frame).await?;
        Ok(())
    }
}

/// Clients that listen and are counted, until this is dropped.
#[derive(Debug, Default)]
pub(crate) struct Audience {
    listeners: JoinSet<Result<()>>,
    heard: Arc<AtomicU64>,
}

impl Audience {
    /// One more listens.
    pub(crate) fn add(&mut self, mut socket: Socket) {
        let heard = Arc::clone(&self.heard);
        self.listeners.spawn(async move {
            let mut heartbeat = tokio::time::interval(HEARTBEAT);
            loop {
                tokio::select! {
                    frame = socket.next() => {
                        if frame?.is_for_all() {
                            heard.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                    _ = heartbeat.tick() => {
                        socket.send(TEXT, br#"[null,"0","phoenix","heartbeat",{}]"#).await?;
                    }
                }
            }
        });
    }

    /// What all of them have heard so far.
    pub(crate) fn heard(&self) -> u64 {
        self.heard.load(Ordering::Relaxed)
    }

    /// Waits until so much was heard; a standstill before is an error: something was lost.
    pub(crate) async fn hear(&mut self, wanted: u64) -> Result<()> {
        let (mut last, mut still) = (self.heard(), 0);
        while last < wanted {
            tokio::time::sleep(Duration::from_millis(2)).await;
            if let Some(ended) = self.listeners.try_join_next() {
                ended??;
            }
            let now = self.heard();
            still = if now == last { still + 1 } else { 0 };
            ensure!(still < 15_000, "{now} of {wanted} deliveries, then nothing");
            last = now;
        }
        ensure!(last == wanted, "{last} deliveries instead of {wanted}");
        Ok(())
    }
}
