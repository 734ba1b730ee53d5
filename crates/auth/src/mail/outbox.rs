//! Letters in the durable queue.

use std::sync::Arc;

use base::SharedClock;
use deadpool_postgres::Transaction;
use futures_util::future::BoxFuture;
use jobs::{Failure, Job, NewJob};
use serde_json::{Value, json};

use super::seal::Seal;
use super::templates::Templates;
use super::{Letter, Mailer, SendError};
use crate::{Deps, Error};

/// The kind of job.
pub(crate) const MAIL: &str = "auth.mail";

/// Puts letters into the queue and takes them out again.
#[derive(Debug)]
pub(crate) struct Outbox {
    queue: jobs::Queue,
    seal: Seal,
    clock: SharedClock,
}

impl Outbox {
    pub(crate) fn new(deps: &Deps) -> Self {
        Self {
            queue: deps.queue.clone(),
            seal: Seal::new(
                &deps.secret,
                "passerelle auth outbox",
                Arc::clone(&deps.random),
            ),
            clock: Arc::clone(&deps.clock),
        }
    }

    /// Enqueues a letter in the caller's transaction.
    pub(super) async fn put(&self, tx: &Transaction<'_>, letter: &Letter) -> Result<(), Error> {
        let plain =
            serde_json::to_vec(letter).map_err(|error| Error::Internal(error.to_string()))?;
        let name = letter.kind.name();
        let payload = json!({ "kind": name, "sealed": self.seal.close(name, &plain) });
        self.queue
            .enqueue(&**tx, NewJob::new(MAIL, payload))
            .await?;
        Ok(())
    }

    pub(super) fn handler(&self, templates: Arc<Templates>, mailer: Arc<dyn Mailer>) -> Delivery {
        Delivery {
            seal: self.seal.clone(),
            clock: Arc::clone(&self.clock),
            templates,
            mailer,
        }
    }
}

/// Delivers queued letters.
#[derive(Debug)]
pub(super) struct Delivery {
    seal: Seal,
    clock: SharedClock,
    templates: Arc<Templates>,
    mailer: Arc<dyn Mailer>,
}

impl jobs::Handler for Delivery {
    fn handle<'a>(&'a self, job: &'a Job) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let letter = self.open(&job.payload).ok_or_else(|| {
                Failure::GiveUp("the letter was sealed with another secret".into())
            })?;
            let now = self.clock.now();
            if letter.good_until.is_some_and(|until| until < now) {
                return Err(Failure::GiveUp(
                    "its code expired before it could be sent".into(),
                ));
            }
            let message = self.templates.write(&letter, job.id, now).await;
            let sent = self.mailer.send(&message).await;
            let result = if sent.is_ok() { "sent" } else { "failed" };
            metrics::counter!("auth_mails_total", "result" => result).increment(1);
            sent.map_err(|error| match error {
                SendError::Later(why) => Failure::Retry(why),
                SendError::Never(why) => Failure::GiveUp(why),
            })
        })
    }
}

impl Delivery {
    fn open(&self, payload: &Value) -> Option<Letter> {
        let (kind, sealed) = (payload["kind"].as_str()?, payload["sealed"].as_str()?);
        serde_json::from_slice(&self.seal.open(kind, sealed)?).ok()
    }
}
