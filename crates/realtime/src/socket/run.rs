//! The loop.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::time::timeout;

use super::outbox::Urgent;
use super::work::Done;
use super::write::Writer;
use super::{Farewell, Order, Socket};
use crate::frames::Frame;

/// How long the other side may take to answer a close.
const CLOSING: Duration = Duration::from_secs(2);
/// The same for a slow reader, who has to read what is on its way before it comes to the close.
const CLOSING_SLOWLY: Duration = Duration::from_secs(10);

/// What can happen to a socket.
enum Event {
    /// A message, or the end of the connection.
    Received(Option<Result<Message, axum::Error>>),
    /// Work has ended.
    Finished(Result<Done, futures_util::future::Aborted>),
    /// Something urgent waits, or writing failed.
    Wrote(Result<(), axum::Error>),
    /// The program is stopping.
    Stopping,
    /// It is this socket's turn to go.
    Drained,
}

impl Socket {
    /// Serves the client until either side ends it.
    pub(super) async fn run(mut self, connection: WebSocket) {
        metrics::gauge!("phoenix_connections_total").increment(1);
        let (sink, mut stream) = connection.split();
        let mut writer = Writer::new(sink);
        self.set_alarm();
        self.must_go |= self.era != self.service.era();
        let heard_out = self.serve(&mut writer, &mut stream).await;
        let farewell = self.farewell;
        // Whatever may end is ended now: rooms are told, the database's work is given up.
        self.end_all();
        if let (Some(farewell), false) = (farewell, heard_out) {
            say_goodbye(&self.outbox, writer, stream, farewell).await;
        }
        self.outbox.close();
        self.service.limits.sockets.leave();
        metrics::gauge!("phoenix_connections_total").decrement(1);
    }

    /// The loop itself; true when the connection is gone already.
    async fn serve(
        &mut self,
        writer: &mut Writer<SplitSink<WebSocket, Message>>,
        stream: &mut SplitStream<WebSocket>,
    ) -> bool {
        let stop = self.service.tasks.soft();
        let mut drained: Option<std::pin::Pin<Box<tokio::time::Sleep>>> = None;
        let outbox = Arc::clone(&self.outbox);
        loop {
            while let Some(urgent) = outbox.pop_urgent() {
                match urgent {
                    Urgent::Order(order) => self.obey(order),
                    Urgent::Overflowed => self.farewell = Some(Farewell::TOO_SLOW),
                }
                if self.farewell == Some(Farewell::TOO_SLOW) {
                    break;
                }
            }
            if self.farewell.is_some() {
                return false;
            }
            if self.must_go && drained.is_none() {
                drained = Some(Box::pin(tokio::time::sleep(self.turn_to_go())));
            }
            let event = tokio::select! {
                frame = stream.next() => Event::Received(frame),
                Some(done) = self.work.next(), if !self.work.is_empty() => Event::Finished(done),
                result = writer.write(&outbox) => Event::Wrote(result),
                () = stop.cancelled(), if !self.must_go => Event::Stopping,
                () = async { drained.as_mut().expect("guarded").await }, if drained.is_some() => Event::Drained,
            };
            match event {
                Event::Received(Some(Ok(message))) => self.heard(message),
                Event::Received(Some(Err(error))) => {
                    let Some(farewell) = fault(&error) else {
                        return true;
                    };
                    self.farewell = Some(farewell);
                }
                Event::Received(None) | Event::Wrote(Err(_)) => return true,
                Event::Wrote(Ok(())) => {}
                Event::Finished(done) => self.finish(done),
                Event::Stopping => self.must_go = true,
                Event::Drained => {
                    self.announce_restart();
                    self.farewell = Some(Farewell::RESTART);
                }
            }
        }
    }

    fn heard(&mut self, message: Message) {
        self.heard = self.service.now();
        let bytes = match &message {
            Message::Text(text) => text.len(),
            Message::Binary(bytes) => bytes.len(),
            _ => 0,
        };
        metrics::counter!("realtime_channel_input_bytes").increment(bytes as u64);
        if bytes > self.service.settings().max_message_bytes {
            self.farewell = Some(Farewell::TOO_BIG);
            return;
        }
        match message {
            Message::Text(text) => self.receive_guarded(&Frame::Text(text)),
            Message::Binary(bytes) => self.receive_guarded(&Frame::Binary(bytes)),
            // Pings are answered by the protocol's own layer.
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) => {}
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Wake => self.look_at_the_clock(),
            Order::Restart => self.must_go = true,
            Order::End(id, error) => {
                if let Some(topic) = self.topic_of(id) {
                    self.end(&topic, &error);
                }
            }
            Order::Crash(id) => {
                if let Some(topic) = self.topic_of(id) {
                    self.crash(&topic);
                }
            }
            Order::Established(id) => {
                if let Some(topic) = self.topic_of(id) {
                    self.tell(&topic, "postgres_changes", Ok("Subscribed to PostgreSQL"));
                }
            }
        }
    }

    /// Sockets go in waves, so that their clients do not all come back at once.
    fn turn_to_go(&self) -> Duration {
        const WAVES: u32 = 16;
        let wave = u32::try_from(self.id % u64::from(WAVES)).unwrap_or(0);
        self.service.settings().drain_window * wave / WAVES
    }
}

/// What a broken message means; `None` if there is nobody left to tell.
fn fault(error: &axum::Error) -> Option<Farewell> {
    use std::error::Error as _;
    let text = error
        .source()
        .map_or_else(|| error.to_string(), ToString::to_string);
    let too_big = text.contains("too long") || text.contains("too big");
    too_big.then_some(Farewell::TOO_BIG)
}

/// Writes what still waits and the close frame, then waits for the other side's.
async fn say_goodbye(
    outbox: &super::Outbox,
    mut writer: Writer<SplitSink<WebSocket, Message>>,
    mut stream: SplitStream<WebSocket>,
    farewell: Farewell,
) {
    let close = Message::Close(Some(CloseFrame {
        code: farewell.code,
        reason: farewell.reason.into(),
    }));
    let goodbye = async {
        if farewell != Farewell::TOO_SLOW {
            writer.drain(outbox).await?;
        }
        writer.into_sink().send(close).await?;
        // Leaving before the other side has read the close frame would reset the connection under it.
        while let Some(Ok(_)) = stream.next().await {}
        Ok::<_, axum::Error>(())
    };
    let patience = if farewell == Farewell::TOO_SLOW {
        CLOSING_SLOWLY
    } else {
        CLOSING
    };
    let _ = timeout(patience, goodbye).await;
}
