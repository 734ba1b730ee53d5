//! The running service.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use base::{SharedClock, SharedRandom, Tasks};
use web::Health;

use crate::backend::Backend;
use crate::removal::{self, Removal};
use crate::signature::Signer;
use crate::{Deps, Error, StartError, routes};

/// The storage service. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Storage {
    pub(crate) inner: Arc<Inner>,
}

/// What every request needs.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) settings: settings::Storage,
    pub(crate) requests: pg::Requests,
    pub(crate) pool: pg::Pool,
    pub(crate) queue: jobs::Queue,
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) signer: Signer,
    pub(crate) clock: SharedClock,
    pub(crate) random: SharedRandom,
    /// The role by which rows are written, when it is not the owner itself.
    acting_role: Option<String>,
    tasks: Tasks,
}

impl Storage {
    pub(crate) async fn new(
        settings: &settings::Storage,
        deps: Deps,
        backend: Arc<dyn Backend>,
        tasks: &Tasks,
    ) -> Result<Self, StartError> {
        let client = deps.pool.get().await?;
        let acting_role = client
            .query_opt(include_str!("sql/acting_role.sql"), &[])
            .await
            .map_err(pg::Error::from)?
            .map(|row| row.get::<_, &str>(0).to_owned());
        drop(client);
        let signer = Signer {
            keys: deps.keys,
            verifier: deps.verifier,
            clock: deps.clock.clone(),
        };
        let inner = Inner {
            settings: settings.clone(),
            requests: deps.requests,
            pool: deps.pool,
            queue: deps.queue,
            backend,
            signer,
            clock: deps.clock,
            random: deps.random,
            acting_role,
            tasks: tasks.clone(),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// What the program's job worker must do for this service.
    pub fn handlers(&self) -> jobs::Handlers {
        removal::handlers(self)
    }
}

impl web::Service for Storage {
    fn name(&self) -> &'static str {
        "storage"
    }

    fn router(&self) -> axum::Router {
        routes::router(self)
    }

    fn health(&self) -> Pin<Box<dyn Future<Output = Health> + Send + '_>> {
        Box::pin(async {
            match self.inner.check().await {
                Ok(()) => Health::Ready,
                Err(error) => Health::Down(error.to_string()),
            }
        })
    }
}

impl Inner {
    /// Whether the database answers.
    pub(crate) async fn check(&self) -> Result<(), Error> {
        self.pool.get().await?.simple_query("").await?;
        Ok(())
    }

    /// Most bytes that one request may upload, whatever the bucket says.
    pub(crate) fn max_upload_bytes(&self) -> u64 {
        let global = self.settings.file_size_limit.0;
        self.settings
            .standard_file_size_limit
            .map_or(global, |standard| standard.0.min(global))
    }

    /// A fresh version.
    pub(crate) fn new_version(&self) -> String {
        self.random.uuid().hyphenated().to_string()
    }

    /// The role that rows are written by, as settings of a transaction, added to others.
    pub(crate) fn acting(
        &self,
        (mut names, mut values): (Vec<String>, Vec<String>),
    ) -> (Vec<String>, Vec<String>) {
        // User triggers run with the rights of the role that writes; upstream's is `service_role`.
        if let Some(role) = &self.acting_role {
            names.push("role".into());
            values.push(role.clone());
        }
        (names, values)
    }

    /// Enqueues a removal in a transaction that has acted by [`Inner::acting`].
    pub(crate) async fn enqueue(
        &self,
        tx: &impl tokio_postgres::GenericClient,
        removal: &Removal,
    ) -> Result<(), Error> {
        if self.acting_role.is_some() {
            tx.batch_execute("set local role none").await?;
        }
        self.queue.enqueue(tx, removal.job()).await?;
        Ok(())
    }

    /// Runs work to its end even when the client that asked for it goes away.
    pub(crate) async fn to_the_end<T: Send + 'static>(
        &self,
        name: &'static str,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        self.tasks.spawn(name, async move {
            // Nobody may be waiting any more; the work is what counts.
            let _ = sender.send(work.await);
        });
        receiver
            .await
            .unwrap_or_else(|_| Err(Error::internal("the task was cut off")))
    }
}
