//! Mail to users: what is written, and how it gets away.
//!
//! A letter is put into the durable queue in the transaction of what it belongs to, so that it is sent exactly when
//! that was committed, and a slow or broken mail server delays nobody. What it says is sealed there: operators who
//! read the queue learn no codes. With `mailer_background_sending` off it is sent within the request instead.

mod kind;
mod link;
mod mailbox;
mod outbox;
mod quota;
mod seal;
mod smtp;
mod templates;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use deadpool_postgres::Transaction;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::hooks::{self, Moment};
use crate::service::Inner;
use crate::user::User;
use crate::{Deps, Error, StartError};

pub(crate) use kind::Kind;
pub(crate) use link::action_link;
pub(crate) use mailbox::Mailbox;
pub(crate) use outbox::{MAIL, Outbox};
pub(crate) use quota::Quota;

/// A mail, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Stays the same when an attempt is repeated.
    pub id: String,
    /// The address.
    pub to: String,
    /// What kind of mail: the name of its template.
    pub kind: &'static str,
    /// One line.
    pub subject: String,
    /// The body.
    pub html: String,
    /// When it was written.
    pub date: DateTime<Utc>,
}

/// Why a mail was not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The server cannot be reached or asks for patience.
    #[error("{0}")]
    Later(String),
    /// It will not be accepted, ever.
    #[error("{0}")]
    Never(String),
}

/// Takes mail away.
pub trait Mailer: Send + Sync + std::fmt::Debug {
    /// Sends one mail; returns when the server has taken it.
    fn send<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<(), SendError>>;
}

/// What a mail is made from: its kind, its address and the variables of its template.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Letter {
    pub(crate) kind: Kind,
    pub(crate) to: String,
    pub(crate) variables: Value,
    /// It makes no sense afterwards.
    pub(crate) good_until: Option<DateTime<Utc>>,
    /// For the operator's hook, which is asked at once.
    #[serde(skip)]
    pub(crate) user: Value,
}

/// The code and the link of a letter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token<'a> {
    pub(crate) otp: &'a str,
    pub(crate) hash: &'a str,
    pub(crate) redirect: &'a str,
}

impl Letter {
    /// A letter to a user.
    pub(crate) fn new(service: &Inner, kind: Kind, to: &str, user: &User) -> Self {
        let variables = json!({
            "SiteURL": service.settings.site_url,
            "Email": user.email,
            "Data": user.user_metadata,
        });
        Self {
            kind,
            to: to.to_owned(),
            variables,
            good_until: None,
            user: user.json(),
        }
    }

    /// What the operator's hook is told (AUTH-HOOK-08).
    pub(crate) fn data(&self, service: &Inner) -> Value {
        let text = |name: &str| self.variables[name].as_str().unwrap_or_default();
        let action = self.kind.link_type().unwrap_or_else(|| self.kind.name());
        json!({
            "token": text("Token"), "token_hash": text("TokenHash"), "redirect_to": text("RedirectTo"),
            "email_action_type": action, "site_url": service.own_url(""), "token_new": "", "token_hash_new": "",
            "old_email": text("OldEmail"), "old_phone": text("OldPhone"), "provider": text("Provider"),
            "factor_type": text("FactorType"),
        })
    }

    /// The same with one more variable.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables[name] = json!(value);
        self
    }

    /// The same with a code that is good for a while and, if the kind has one, a link.
    pub(crate) fn with_token(mut self, service: &Inner, token: Token<'_>) -> Self {
        self.variables["Token"] = json!(token.otp);
        if let Some(link_type) = self.kind.link_type() {
            let link = action_link(service, self.kind, token.hash, link_type, token.redirect);
            self.variables["TokenHash"] = json!(token.hash);
            self.variables["RedirectTo"] = json!(token.redirect);
            self.variables["ConfirmationURL"] = json!(link);
        }
        self.good_until = service.now().checked_add_signed(service.mail_lifetime());
        self
    }
}

/// Everything that mail needs.
#[derive(Debug)]
pub(crate) struct Post {
    templates: Arc<templates::Templates>,
    mailer: Option<Arc<dyn Mailer>>,
    outbox: Outbox,
    quota: Quota,
    pub(crate) mailbox: Option<Arc<Mailbox>>,
}

impl Post {
    pub(crate) fn new(settings: &settings::Auth, deps: &Deps) -> Result<Self, StartError> {
        let mailbox = settings.mailbox.then(|| Arc::new(Mailbox::default()));
        let mailer: Option<Arc<dyn Mailer>> = match &mailbox {
            Some(mailbox) => Some(Arc::clone(mailbox) as Arc<dyn Mailer>),
            None if settings.smtp_host.is_empty() => None,
            None => Some(Arc::new(smtp::Smtp::new(settings, &deps.public_url)?)),
        };
        let limit = &settings.rate_limit_email_sent;
        let quota = Quota::parse(limit).ok_or_else(|| {
            StartError::Setting(
                "auth.rate_limit_email_sent",
                format!("{limit:?} is neither a number nor N/duration"),
            )
        })?;
        Ok(Self {
            templates: Arc::new(templates::Templates::new(
                settings,
                Arc::clone(&deps.clock),
            )?),
            mailer,
            outbox: Outbox::new(deps),
            quota,
            mailbox,
        })
    }

    /// Does the queued work. There is none without a mailer.
    pub(crate) fn handler(&self) -> Option<Arc<dyn jobs::Handler>> {
        let mailer = Arc::clone(self.mailer.as_ref()?);
        Some(Arc::new(
            self.outbox.handler(Arc::clone(&self.templates), mailer),
        ))
    }
}

/// Sends a letter: by the queue, in the transaction, or within the request.
pub(crate) async fn send(
    service: &Inner,
    tx: &Transaction<'_>,
    letter: Letter,
) -> Result<(), Error> {
    let (post, settings) = (&service.post, &service.settings);
    if !authorized(&settings.email_authorized_addresses, &letter.to) {
        return Err(Error::EmailNotAuthorized(letter.to));
    }
    if service.settings.rate_limits
        && !settings.email_autoconfirm
        && !post.quota.take(service.now())
    {
        return Err(Error::EmailQuota);
    }
    if service.hooks.listens(Moment::SendEmail) {
        let payload = json!({ "user": letter.user, "email_data": letter.data(service) });
        return hooks::ask(service, tx, Moment::SendEmail, payload)
            .await
            .map(drop);
    }
    let Some(mailer) = &post.mailer else {
        // AUTH-MAIL-02
        tracing::info!(
            kind = letter.kind.name(),
            "no mail server is configured; a mail is dropped"
        );
        return Ok(());
    };
    if settings.mailer_background_sending {
        return post.outbox.put(tx, &letter).await;
    }
    let id = service.random.uuid();
    let message = post.templates.write(&letter, id, service.now()).await;
    mailer.send(&message).await.map_err(|why| {
        metrics::counter!("auth_mails_total", "result" => "failed").increment(1);
        Error::MailFailed(letter.kind.failure(), why.to_string())
    })?;
    metrics::counter!("auth_mails_total", "result" => "sent").increment(1);
    Ok(())
}

/// Tells a user what happened. That it could not be told never fails what happened.
pub(crate) async fn notify(service: &Inner, tx: &Transaction<'_>, letter: Letter) {
    if letter.to.is_empty() || !letter.kind.is_enabled(&service.settings) {
        return;
    }
    let name = letter.kind.name();
    // After the fact, by the queue: a mail server's mood is no concern of the request.
    let result = match &service.post.mailer {
        _ if service.hooks.listens(Moment::SendEmail) => apart(service, tx, &letter).await,
        Some(_) => service.post.outbox.put(tx, &letter).await,
        None => Ok(()),
    };
    if let Err(error) = result {
        tracing::warn!(kind = name, %error, "a notification is lost");
    }
}

/// Asks the hook so that a failure of it undoes nothing else.
async fn apart(service: &Inner, tx: &Transaction<'_>, letter: &Letter) -> Result<(), Error> {
    tx.batch_execute("savepoint hook").await?;
    let payload = json!({ "user": letter.user, "email_data": letter.data(service) });
    let asked = hooks::ask(service, tx, Moment::SendEmail, payload).await;
    let end = if asked.is_ok() {
        "release savepoint hook"
    } else {
        "rollback to savepoint hook"
    };
    tx.batch_execute(end).await?;
    asked.map(drop)
}

/// Whether an address is on the list, if there is one; a label behind `+` does not count.
fn authorized(list: &[String], address: &str) -> bool {
    let bare = |address: &str| match address.to_ascii_lowercase().rsplit_once('@') {
        Some((local, domain)) => {
            format!("{}@{domain}", local.split('+').next().unwrap_or_default())
        }
        None => address.to_ascii_lowercase(),
    };
    list.is_empty() || list.iter().any(|listed| bare(listed) == bare(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_do_not_count_when_addresses_are_compared() {
        // AUTH-MAIL-10
        let list = ["Ada@example.com".to_owned()];
        assert!(authorized(&list, "ada+test@example.com"));
        assert!(!authorized(&list, "bob@example.com"));
        assert!(!authorized(&list, "ada@evil.com"));
        assert!(authorized(&[], "bob@example.com"));
    }
}
