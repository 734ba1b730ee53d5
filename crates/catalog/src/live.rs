//! The current snapshot, kept current.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use base::Tasks;
use pg::Notification;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::{Notify, broadcast, watch};

use crate::{Catalog, Error, Scope, load};

/// Decides what is to be known from the login role's own settings (in-database configuration). An error
/// keeps the snapshot that is in service.
pub type ScopeOf = Arc<dyn Fn(&BTreeMap<String, String>) -> Result<Scope, String> + Send + Sync>;

/// How changes are noticed.
#[derive(Debug, Clone)]
pub struct Watch {
    /// Where to listen.
    pub endpoint: pg::Endpoint,
    /// The channel; `pgrst`.
    pub channel: String,
    /// How often to look by ourselves where no event trigger announces DDL.
    pub poll: Duration,
    /// What to ask for settings besides those of the login role.
    pub pre_config: Option<PreConfig>,
}

/// A function that sets `pgrst.*` settings for the transaction in which it is called.
#[derive(Debug, Clone)]
pub struct PreConfig {
    /// Its schema, if it is named, and its name.
    pub function: (Option<String>, String),
    /// The settings that it may make, without `pgrst.`; they win over the login role's.
    pub settings: &'static [&'static str],
}

/// The current catalog. Cheap to clone; all clones see the same.
#[derive(Debug, Clone)]
pub struct Live {
    current: Arc<ArcSwapOption<Catalog>>,
    loads: watch::Receiver<u64>,
    asked: Arc<Notify>,
}

/// Notifications that come this soon after one another cause one reload.
const SETTLE: Duration = Duration::from_millis(100);
/// Longest pause between attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(32);

impl Live {
    /// Starts loading, and reloading for as long as `tasks` lives. Returns at once: [`Live::current`] is
    /// empty until the first snapshot is there.
    pub fn start(pool: pg::Pool, watch: &Watch, scope: ScopeOf, tasks: &Tasks) -> Self {
        let listener = pg::Listener::start(&watch.endpoint, &[watch.channel.as_str()], tasks);
        let current = Arc::new(ArcSwapOption::empty());
        let (loaded, loads) = tokio::sync::watch::channel(0);
        let asked = Arc::new(Notify::new());
        let keeper = Keeper {
            pool,
            scope,
            current: Arc::clone(&current),
            loaded,
            asked: Arc::clone(&asked),
            heard: listener.subscribe(),
            // Held, so that the listening connection lives as long as someone hears it.
            _listener: listener,
            poll: watch.poll,
            pre_config: watch.pre_config.clone(),
            marker: None,
        };
        let soft = tasks.soft();
        tasks.spawn("catalog", async move {
            tokio::select! {
                () = keeper.run() => {}
                () = soft.cancelled() => {}
            }
        });
        Self {
            current,
            loads,
            asked,
        }
    }

    /// The newest snapshot; `None` before the first.
    pub fn current(&self) -> Option<Arc<Catalog>> {
        self.current.load_full()
    }

    /// Waits for the first snapshot.
    pub async fn ready(&self) -> Option<Arc<Catalog>> {
        let mut loads = self.loads.clone();
        loads.wait_for(|count| *count > 0).await.ok()?;
        self.current()
    }

    /// Asks for a load now, as a notification would.
    pub fn reload(&self) {
        self.asked.notify_one();
    }

    /// Counts successful loads, those included that found nothing new: something to await.
    pub fn loads(&self) -> watch::Receiver<u64> {
        self.loads.clone()
    }
}

struct Keeper {
    pool: pg::Pool,
    scope: ScopeOf,
    current: Arc<ArcSwapOption<Catalog>>,
    loaded: watch::Sender<u64>,
    asked: Arc<Notify>,
    heard: broadcast::Receiver<Notification>,
    _listener: pg::Listener,
    poll: Duration,
    pre_config: Option<PreConfig>,
    /// What the system catalog looked like at the last load, where nobody announces changes.
    marker: Option<String>,
}

impl Keeper {
    /// REST-CCH-05: one load at once for the first notification, one more for all that follow within a
    /// moment. What is heard during a load waits in the channel, so nothing is missed.
    async fn run(mut self) {
        self.load_until_it_works().await;
        loop {
            self.wait_for_change().await;
            self.load_until_it_works().await;
            tokio::time::sleep(SETTLE).await;
            if self.heard_more() {
                self.load_until_it_works().await;
            }
        }
    }

    /// REST-CCH-06: the old snapshot stays in service, pauses grow.
    async fn load_until_it_works(&mut self) {
        let mut pause = Duration::from_millis(250);
        while let Err(error) = self.load().await {
            metrics::counter!("pgrst_schema_cache_loads_total", "status" => "FAIL").increment(1);
            tracing::warn!(%error, retry_in = ?pause, "the catalog could not be loaded");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn load(&mut self) -> Result<(), Error> {
        let client = self.pool.get().await?;
        let settings = load::settings(&client, self.pre_config.as_ref()).await?;
        let scope = (self.scope)(&settings).map_err(Error::Scope)?;
        // Before the load: a change in between is then seen as one, and loaded again.
        let marker = load::marker(&client).await?;
        let started = std::time::Instant::now();
        let mut catalog = load::catalog(&client, &scope, Some(settings)).await?;
        metrics::gauge!("pgrst_schema_cache_query_time_seconds")
            .set(started.elapsed().as_secs_f64());
        metrics::counter!("pgrst_schema_cache_loads_total", "status" => "SUCCESS").increment(1);
        self.marker = (!catalog.announces_ddl).then_some(marker);
        let before = self.current.load_full();
        if before
            .as_ref()
            .is_none_or(|before| before.hash != catalog.hash)
        {
            catalog.version = before.map_or(1, |before| before.version + 1);
            tracing::info!(
                version = catalog.version,
                relations = catalog.relations.len(),
                functions = catalog.functions.len(),
                "catalog loaded"
            );
            self.current.store(Some(Arc::new(catalog)));
        }
        self.loaded.send_modify(|count| *count += 1);
        Ok(())
    }

    async fn wait_for_change(&mut self) {
        loop {
            tokio::select! {
                heard = self.heard.recv() => match heard {
                    Ok(notification) if !asks_for_reload(&notification) => {}
                    Ok(_) | Err(RecvError::Lagged(_)) => return,
                    // The listener ends with the program, and so does this task.
                    Err(RecvError::Closed) => std::future::pending().await,
                },
                () = self.asked.notified() => return,
                () = tokio::time::sleep(self.poll), if self.marker.is_some() => {
                    if self.changed_by_itself().await { return }
                }
            }
        }
    }

    fn heard_more(&mut self) -> bool {
        let mut more = false;
        loop {
            match self.heard.try_recv() {
                Ok(notification) => more |= asks_for_reload(&notification),
                Err(TryRecvError::Lagged(_)) => more = true,
                Err(TryRecvError::Empty | TryRecvError::Closed) => return more,
            }
        }
    }

    async fn changed_by_itself(&self) -> bool {
        let Ok(client) = self.pool.get().await else {
            return false;
        };
        match load::marker(&client).await {
            Ok(marker) => self.marker.as_ref() != Some(&marker),
            Err(error) => {
                tracing::debug!(%error, "the catalog could not be checked");
                false
            }
        }
    }
}

fn asks_for_reload(notification: &Notification) -> bool {
    match notification {
        Notification::Connected => true,
        Notification::Notify { payload, .. } => {
            matches!(payload.as_str(), "" | "reload schema" | "reload config")
        }
    }
}
