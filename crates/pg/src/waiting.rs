//! The connections of [`crate::Requests`]: who has one, who waits, and which are fit to be lent.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use crate::wire::{Connection, State, Target};
use crate::{Error, RequestOptions};

/// A connection that nobody needed for so long is closed when the next one comes back.
const IDLE: Duration = Duration::from_secs(5 * 60);

/// A backend remembers every relation it has met; none is kept longer than this.
const LIFETIME: Duration = Duration::from_secs(30 * 60);

/// What all leases share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) target: Target,
    pub(crate) options: RequestOptions,
    /// One permit for each connection that may be lent or cleaned; first come, first served.
    slots: Semaphore,
    /// The last one back is the first one lent, so that the others may grow old.
    idle: Mutex<Vec<Connection>>,
    open: AtomicUsize,
    waiting: AtomicUsize,
    pub(crate) requests: AtomicU64,
    pub(crate) opened: AtomicU64,
    pub(crate) replaced: AtomicU64,
    pub(crate) cancelled: AtomicU64,
}

impl Shared {
    pub(crate) fn new(target: Target, options: RequestOptions) -> Self {
        Self {
            target,
            slots: Semaphore::new(options.size.max(1)),
            options,
            idle: Mutex::default(),
            open: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            requests: AtomicU64::new(0),
            opened: AtomicU64::new(0),
            replaced: AtomicU64::new(0),
            cancelled: AtomicU64::new(0),
        }
    }

    /// Lends a connection that was alive a moment ago.
    pub(crate) async fn lend(self: &Arc<Self>) -> Result<Lease, Error> {
        let deadline = Instant::now() + self.options.acquire_timeout;
        let permit = match self.slots.try_acquire() {
            Ok(permit) => permit,
            Err(_) => self.wait(deadline).await?,
        };
        permit.forget();
        // From here on the lease gives the slot back, whatever happens.
        let mut lease = Lease {
            shared: Arc::clone(self),
            connection: None,
            reused: false,
        };
        if let Some(connection) = self.take_idle() {
            lease.connection = Some(connection);
            lease.reused = true;
            return Ok(lease);
        }
        let patience = deadline.saturating_duration_since(Instant::now());
        let connection = self.target.connect(patience).await?;
        self.opened.fetch_add(1, Ordering::Relaxed);
        self.open.fetch_add(1, Ordering::Relaxed);
        lease.connection = Some(connection);
        Ok(lease)
    }

    async fn wait(&self, deadline: Instant) -> Result<tokio::sync::SemaphorePermit<'_>, Error> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let _counted = Counted(&self.waiting);
        match timeout_at(deadline, self.slots.acquire()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) => Err(Error::Connect("the pool is closed".into())),
            Err(_) => Err(Error::PoolTimeout(self.options.acquire_timeout)),
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle
            .lock()
            .expect("nothing panics while the idle connections are held")
    }

    /// The most recently used connection that is still alive. Where one has died the others may have, too:
    /// they are looked at as well, and the dead ones leave together.
    fn take_idle(&self) -> Option<Connection> {
        let mut idle = self.idle();
        let mut connection = idle.pop()?;
        if connection.is_alive() {
            return Some(connection);
        }
        let before = idle.len() + 1;
        idle.retain_mut(Connection::is_alive);
        let dead = before - idle.len();
        self.open.fetch_sub(dead, Ordering::Relaxed);
        self.replaced.fetch_add(dead as u64, Ordering::Relaxed);
        tracing::info!(dead, "database connections were closed by the server");
        idle.pop()
    }

    fn give_back(&self, mut connection: Connection) {
        let now = Instant::now();
        let mut closed = 0;
        if now.duration_since(connection.born) < LIFETIME && !self.slots.is_closed() {
            connection.used = now;
            let mut idle = self.idle();
            idle.push(connection);
            if idle
                .first()
                .is_some_and(|oldest| now.duration_since(oldest.used) > IDLE)
            {
                idle.remove(0);
                closed += 1;
            }
        } else {
            closed += 1;
        }
        self.open.fetch_sub(closed, Ordering::Relaxed);
    }

    /// Closes what is idle and lends nothing any more; what is lent is closed when it comes back.
    pub(crate) fn close(&self) {
        self.slots.close();
        let closed = std::mem::take(&mut *self.idle()).len();
        self.open.fetch_sub(closed, Ordering::Relaxed);
    }

    pub(crate) fn open_now(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    pub(crate) fn idle_now(&self) -> usize {
        self.idle().len()
    }

    pub(crate) fn waiting_now(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

struct Counted<'a>(&'a AtomicUsize);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection on loan. However it ends, nobody gets the connection before it is clean.
#[derive(Debug)]
pub(crate) struct Lease {
    shared: Arc<Shared>,
    connection: Option<Connection>,
    /// It has served somebody before.
    pub(crate) reused: bool,
}

impl Lease {
    pub(crate) fn connection(&mut self) -> &mut Connection {
        self.connection
            .as_mut()
            .expect("a lease is handed out with its connection")
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

/// The slot of a connection, given back at the end of whoever holds it.
struct Slot(Arc<Shared>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.slots.add_permits(1);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let slot = Slot(Arc::clone(&self.shared));
        let Some(connection) = self.connection.take() else {
            return;
        };
        match connection.state() {
            State::Idle => slot.0.give_back(connection),
            State::Broken => {
                slot.0.open.fetch_sub(1, Ordering::Relaxed);
            }
            State::Busy | State::InTransaction | State::Failed => {
                slot.0.cancelled.fetch_add(1, Ordering::Relaxed);
                let cleaning = Cleaning {
                    slot,
                    counted: true,
                };
                crate::task::detached(async move {
                    let mut cleaning = cleaning;
                    // Behind a pooler the cancel request may reach whoever has the session next.
                    let keep =
                        !cleaning.slot.0.options.pooler_mode || connection.state() != State::Busy;
                    if let Some(connection) = connection.clean().await.filter(|_| keep) {
                        cleaning.counted = false;
                        cleaning.slot.0.give_back(connection);
                    }
                });
            }
        }
    }
}

/// A connection being brought to order outside any request; still counted as open until it is not.
struct Cleaning {
    slot: Slot,
    counted: bool,
}

impl Drop for Cleaning {
    fn drop(&mut self) {
        if self.counted {
            self.slot.0.open.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
