//! A stream of transactions that survives its connections.

use std::sync::Arc;
use std::time::Duration;

use base::Tasks;
use pgwire_replication::{ReplicationClient, ReplicationEvent};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::assembler::{Assembler, Step};
use crate::message::{Begin, Commit, Logical, Message};
use crate::options::{Options, SlotKind, Start};
use crate::session::{CreatedSlot, Refusal, Session, is_publication_gap};
use crate::{Error, Lsn, SlotLoss, Transaction};

/// What a stream tells.
#[derive(Debug, Clone)]
pub enum Event {
    /// Streaming, from this position on. Publications that do not exist are named; the stream goes on without
    /// them and takes them in when it is next connected.
    Connected {
        /// Where it starts.
        position: Lsn,
        /// Nothing before it is known: the slot is new, or was moved here.
        fresh: bool,
        /// Publications that do not exist.
        missing: Vec<String>,
    },
    /// A committed transaction, or a part of one.
    Transaction(Arc<Transaction>),
    /// A message emitted outside transactions.
    Message(Logical),
    /// The connection could not be made, or broke; it is being made again. Nothing is lost by it.
    Interrupted(Error),
    /// The stream had to leave this out: a publication did not exist then, so the server cannot decode it.
    Skipped {
        /// The new position.
        to: Lsn,
    },
    /// The slot is gone, and with it what was not read. The stream has ended.
    SlotLost(SlotLoss),
}

/// Says how far the consumer has taken care of things. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Confirm(Arc<watch::Sender<Lsn>>);

impl Confirm {
    /// Everything up to `lsn` ([`Transaction::end_lsn`]) is taken care of: the server may forget it. Reported on
    /// a timer; never goes back.
    pub fn confirm(&self, lsn: Lsn) {
        self.0.send_if_modified(|confirmed| {
            let later = lsn > *confirmed;
            if later {
                *confirmed = lsn;
            }
            later
        });
    }

    /// The position confirmed.
    pub fn position(&self) -> Lsn {
        *self.0.borrow()
    }
}

/// A stream of transactions.
#[derive(Debug)]
pub struct Stream {
    events: mpsc::Receiver<Event>,
    confirm: Confirm,
}

/// A slot made with a snapshot; the stream waits while the snapshot is used.
pub struct Prepared {
    session: Session,
    options: Options,
    slot: CreatedSlot,
}

impl Stream {
    /// Starts reading; connects by itself, again and again.
    pub fn start(options: Options, tasks: &Tasks) -> Self {
        Self::run(options, None, tasks)
    }

    /// Makes the slot, which must not exist, and exports its snapshot: what that shows plus what the stream tells is
    /// everything, once. The session stays open until [`Prepared::start`].
    pub async fn prepare(options: Options) -> Result<Prepared, Error> {
        let mut session = Session::open(&options, &options.publications, Lsn(0)).await?;
        let existing = session.publications(&options.publications).await?;
        if let Some(missing) = options
            .publications
            .iter()
            .find(|name| !existing.contains(name))
        {
            return Err(Error::PublicationMissing(missing.clone()));
        }
        let slot = session.create(&options, true).await?;
        Ok(Prepared {
            session,
            options,
            slot,
        })
    }

    fn run(options: Options, prepared: Option<(Session, Lsn)>, tasks: &Tasks) -> Self {
        let (sender, events) = mpsc::channel(options.queue.max(1));
        let start = match (&prepared, options.start) {
            (Some((_, position)), _) => *position,
            (None, Start::At(lsn)) => lsn,
            (None, _) => Lsn(0),
        };
        let confirmed = Arc::new(watch::Sender::new(start));
        let reader = Reader {
            assembler: Assembler::new(options.part_bytes),
            options,
            sender,
            confirmed: confirmed.subscribe(),
            confirm: Confirm(Arc::clone(&confirmed)),
            handed_over: start,
            known: prepared.is_some(),
            skip_to: None,
            soft: tasks.soft(),
        };
        tasks.spawn("replication stream", reader.read(prepared));
        Self {
            events,
            confirm: Confirm(confirmed),
        }
    }

    /// The next event; none when the stream has ended (the slot is lost, or the tasks are stopping).
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    /// What says how far the consumer has come.
    pub fn confirm(&self) -> Confirm {
        self.confirm.clone()
    }
}

impl Prepared {
    /// The slot and its snapshot.
    pub fn slot(&self) -> &CreatedSlot {
        &self.slot
    }

    /// Starts reading; the snapshot ends.
    pub fn start(self, tasks: &Tasks) -> Stream {
        Stream::run(
            self.options,
            Some((self.session, self.slot.consistent_point)),
            tasks,
        )
    }
}

/// The task behind a stream.
struct Reader {
    options: Options,
    assembler: Assembler,
    sender: mpsc::Sender<Event>,
    confirmed: watch::Receiver<Lsn>,
    confirm: Confirm,
    /// The end of the last transaction handed over: once that is confirmed, nothing is pending.
    handed_over: Lsn,
    /// The slot was seen.
    known: bool,
    /// Where to go on after a publication gap.
    skip_to: Option<Lsn>,
    soft: CancellationToken,
}

/// Why a connection ended.
enum End {
    /// Nobody listens, or the tasks are stopping.
    Stopped,
    Lost(SlotLoss),
    Failed(Error),
}

impl From<Refusal> for End {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Error(error) => Self::Failed(error),
            Refusal::Lost(loss) => Self::Lost(loss),
        }
    }
}

impl<E: Into<Error>> From<E> for End {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

const FIRST_PAUSE: Duration = Duration::from_millis(100);

impl Reader {
    async fn read(mut self, mut prepared: Option<(Session, Lsn)>) {
        let mut pause = FIRST_PAUSE;
        loop {
            let mut streamed = false;
            let end = match self.connect(prepared.take(), &mut streamed).await {
                Ok(end) | Err(end) => end,
            };
            if streamed {
                pause = FIRST_PAUSE;
            }
            match end {
                End::Stopped => return,
                End::Lost(loss) => {
                    let _ = self.sender.send(Event::SlotLost(loss)).await;
                    return;
                }
                End::Failed(error) => {
                    if is_publication_gap(&error) {
                        self.skip_to = Some(Lsn(u64::MAX));
                    }
                    if self.sender.send(Event::Interrupted(error)).await.is_err() {
                        return;
                    }
                }
            }
            tokio::select! {
                () = self.soft.cancelled() => return,
                () = self.sender.closed() => return,
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(self.options.max_pause);
        }
    }

    /// One connection, from login to end.
    async fn connect(
        &mut self,
        prepared: Option<(Session, Lsn)>,
        streamed: &mut bool,
    ) -> Result<End, End> {
        let soft = self.soft.clone();
        let opened = tokio::select! {
            () = soft.cancelled() => return Err(End::Stopped),
            opened = self.open(prepared) => opened?,
        };
        let (mut client, connected) = opened;
        *streamed = true;
        self.assembler.reconnected();
        if self.sender.send(connected).await.is_err() {
            return Err(End::Stopped);
        }
        let end = self.stream(&mut client).await;
        // What was confirmed is reported before the connection goes, so that a restart repeats little.
        client.update_applied_lsn(pgwire_replication::Lsn::from_u64(self.confirm.position().0));
        if let Ok(End::Stopped) = end {
            client.stop();
            let _ = tokio::time::timeout(Duration::from_secs(1), client.shutdown()).await;
        }
        client.abort();
        end
    }

    async fn open(
        &mut self,
        prepared: Option<(Session, Lsn)>,
    ) -> Result<(ReplicationClient, Event), End> {
        if let Some((session, position)) = prepared {
            let client = session.start().await?;
            return Ok((
                client,
                Event::Connected {
                    position,
                    fresh: true,
                    missing: Vec::new(),
                },
            ));
        }
        let wanted = self.options.publications.clone();
        // The first login looks around; the stream's own settings depend on what it finds.
        let mut scout = Session::open(&self.options, &wanted, Lsn(0)).await?;
        let existing = scout.publications(&wanted).await?;
        let missing: Vec<String> = wanted
            .iter()
            .filter(|name| !existing.contains(name))
            .cloned()
            .collect();
        if existing.is_empty() {
            return Err(End::Failed(Error::PublicationMissing(missing.join(", "))));
        }
        let first = !self.known;
        let present = scout.present().await?;
        let (session, found, fresh) = match self.options.kind {
            SlotKind::Permanent => {
                let (found, created) = scout.prepare(&self.options, self.known).await?;
                self.known = true;
                let fresh = created || (first && self.options.start == Start::Present);
                let found = if fresh { found.max(present) } else { found };
                drop(scout);
                let start = self.start_position(found, present).await?;
                (
                    Session::open(&self.options, &existing, start).await?,
                    start,
                    fresh,
                )
            }
            SlotKind::Temporary => {
                drop(scout);
                let mut session = Session::open(&self.options, &existing, Lsn(0)).await?;
                let (found, _) = session.prepare(&self.options, false).await?;
                (session, found, true)
            }
        };
        let client = session.start().await?;
        if fresh {
            self.confirm.confirm(found);
            self.handed_over = self.handed_over.max(found);
        }
        client.update_applied_lsn(pgwire_replication::Lsn::from_u64(self.confirm.position().0));
        Ok((
            client,
            Event::Connected {
                position: found,
                fresh,
                missing,
            },
        ))
    }

    /// Where this connection starts: never before what was confirmed.
    async fn start_position(&mut self, found: Lsn, present: Lsn) -> Result<Lsn, End> {
        let mut start = found.max(self.confirm.position());
        if let Some(to) = self.skip_to.take() {
            start = start.max(to.min(present));
            self.handed_over = self.handed_over.max(start);
            if self
                .sender
                .send(Event::Skipped { to: start })
                .await
                .is_err()
            {
                return Err(End::Stopped);
            }
        }
        Ok(start)
    }

    async fn stream(&mut self, client: &mut ReplicationClient) -> Result<End, End> {
        let soft = self.soft.clone();
        loop {
            let event = tokio::select! {
                () = soft.cancelled() => return Ok(End::Stopped),
                () = self.sender.closed() => return Ok(End::Stopped),
                Ok(()) = self.confirmed.changed() => {
                    self.report(client);
                    continue;
                }
                event = client.recv() => event?,
            };
            let Some(event) = event else {
                return Err(End::Failed(Error::Connection(
                    "the server ended the stream".into(),
                )));
            };
            if let Some(event) = self.take(event, client)? {
                self.hand_over(event, client).await?;
            }
        }
    }

    fn report(&mut self, client: &ReplicationClient) {
        let confirmed = *self.confirmed.borrow_and_update();
        client.update_applied_lsn(pgwire_replication::Lsn::from_u64(confirmed.0));
    }

    fn take(
        &mut self,
        event: ReplicationEvent,
        client: &ReplicationClient,
    ) -> Result<Option<Event>, End> {
        let message = match event {
            ReplicationEvent::KeepAlive { wal_end, .. } => {
                // All up to here was sent. When nothing of it is waiting to be confirmed, the rest of the log is
                // none of our business and must not be kept for us.
                if !self.assembler.is_open() && self.confirm.position() >= self.handed_over {
                    client.update_applied_lsn(wal_end);
                }
                return Ok(None);
            }
            ReplicationEvent::Begin {
                final_lsn,
                xid,
                commit_time_micros,
            } => {
                let commit_lsn = Lsn(final_lsn.as_u64());
                Message::Begin(Begin {
                    commit_lsn,
                    commit_micros: commit_time_micros,
                    xid,
                })
            }
            ReplicationEvent::Commit {
                lsn,
                end_lsn,
                commit_time_micros,
            } => Message::Commit(Commit {
                commit_lsn: Lsn(lsn.as_u64()),
                end_lsn: Lsn(end_lsn.as_u64()),
                commit_micros: commit_time_micros,
            }),
            ReplicationEvent::Message {
                transactional,
                lsn,
                prefix,
                content,
            } => Message::Logical(Logical {
                transactional,
                lsn: Lsn(lsn.as_u64()),
                prefix,
                content,
            }),
            ReplicationEvent::XLogData { data, .. } => {
                Message::decode(data).map_err(Error::from)?
            }
            ReplicationEvent::StoppedAt { .. } => return Ok(None),
        };
        Ok(match self.assembler.take(message)? {
            Step::Nothing => None,
            Step::Message(message) => Some(Event::Message(message)),
            Step::Transaction(transaction) => {
                // A part counts as pending at once: a keepalive must not confirm past it.
                let end = transaction.end_lsn.unwrap_or(transaction.commit_lsn);
                self.handed_over = self.handed_over.max(end);
                Some(Event::Transaction(Arc::new(transaction)))
            }
        })
    }

    /// Waits for room; confirmations go on meanwhile, and the server is not read from.
    async fn hand_over(&mut self, event: Event, client: &ReplicationClient) -> Result<(), End> {
        let sender = self.sender.clone();
        loop {
            tokio::select! {
                () = self.soft.cancelled() => return Err(End::Stopped),
                permit = sender.reserve() => {
                    permit.map_err(|_| End::Stopped)?.send(event);
                    return Ok(());
                }
                Ok(()) = self.confirmed.changed() => {
                    let confirmed = *self.confirmed.borrow_and_update();
                    client.update_applied_lsn(pgwire_replication::Lsn::from_u64(confirmed.0));
                }
            }
        }
    }
}
