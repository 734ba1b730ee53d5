//! The running service.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use base::{SharedClock, SharedRandom};
use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use web::Health;

use crate::captcha::Captcha;
use crate::hooks::Hooks;
use crate::linking::Domains;
use crate::mail::Post;
use crate::oauth::Providers;
use crate::password::{Hasher, Peppers, Pwned, Rules};
use crate::rate::Limits;
use crate::redirect::Redirects;
use crate::sms::Texts;
use crate::{Deps, Error, StartError, mail, routes};

/// The auth service. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Auth {
    pub(crate) inner: Arc<Inner>,
}

/// What every request needs.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) settings: settings::Auth,
    pub(crate) pool: pg::Pool,
    pub(crate) keys: jwt::Keys,
    pub(crate) verifier: jwt::Verifier,
    pub(crate) clock: SharedClock,
    pub(crate) random: SharedRandom,
    pub(crate) hasher: Hasher,
    pub(crate) rules: Rules,
    pub(crate) limits: Limits,
    pub(crate) redirects: Redirects,
    pub(crate) post: Post,
    pub(crate) texts: Texts,
    pub(crate) providers: Providers,
    pub(crate) captcha: Option<Captcha>,
    pub(crate) hooks: Hooks,
    pub(crate) domains: Domains,
    pwned: Option<Pwned>,
    /// `iss` of access tokens.
    pub(crate) issuer: String,
    /// The service's own public address.
    own_url: String,
    /// The address as it was configured, against which the paths of links are resolved.
    base_url: String,
}

impl Auth {
    pub(crate) fn new(settings: &settings::Auth, deps: Deps) -> Result<Self, StartError> {
        let base_url = settings
            .external_url
            .as_ref()
            .unwrap_or(&deps.public_url)
            .clone();
        let own_url = with_prefix(&base_url);
        let issuer = settings
            .jwt_issuer
            .clone()
            .unwrap_or_else(|| own_url.clone());
        let peppers = Peppers::new(&settings.legacy_peppers)
            .map_err(|why| StartError::Setting("auth.legacy_peppers", why))?;
        let inner = Inner {
            post: Post::new(settings, &deps)?,
            texts: Texts::new(settings)?,
            captcha: Captcha::new(settings)?,
            hooks: Hooks::new(settings)?,
            domains: Domains::new(settings)?,
            pwned: Pwned::new(settings),
            providers: Providers::new(settings, &deps.providers, Arc::clone(&deps.clock))?,
            redirects: Redirects::new(settings),
            hasher: Hasher::new(settings, deps.random.clone()).with_peppers(peppers),
            rules: Rules::new(settings),
            limits: Limits::new(settings),
            settings: settings.clone(),
            pool: deps.pool,
            keys: deps.keys,
            verifier: deps.verifier,
            clock: deps.clock,
            random: deps.random,
            issuer,
            own_url,
            base_url,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Removes some of the rows that are of no use any more and says how many; the service does so every minute.
    pub async fn tidy(&self) -> Result<u64, Error> {
        crate::cleanup::run(&self.inner).await
    }

    /// What the program's job worker must do for this service.
    pub fn handlers(&self) -> jobs::Handlers {
        let mail = self.inner.post.handler();
        mail.into_iter()
            .map(|handler| (mail::MAIL, handler))
            .collect()
    }
}

/// `/auth/v1` is appended to a bare root.
fn with_prefix(base: &str) -> String {
    let base = base.trim_end_matches('/');
    let rooted = base
        .split_once("://")
        .is_some_and(|(_, rest)| !rest.contains('/'));
    if rooted {
        format!("{base}/auth/v1")
    } else {
        base.to_owned()
    }
}

impl web::Service for Auth {
    fn name(&self) -> &'static str {
        "auth"
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
    async fn check(&self) -> Result<(), Error> {
        self.pool.get().await?.simple_query("").await?;
        Ok(())
    }

    /// Audience and role of rows that name none.
    pub(crate) fn defaults(&self) -> (&str, &str) {
        (&self.settings.jwt_audience, &self.settings.jwt_default_role)
    }

    /// What time it is, as precisely as the database keeps it.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        let now = self.clock.now();
        now.duration_trunc(TimeDelta::microseconds(1))
            .unwrap_or(now)
    }

    /// A fresh refresh token: 12 characters of `a-z0-9`.
    pub(crate) fn refresh_token(&self) -> String {
        const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        self.random.draw(12, ALPHABET)
    }

    /// Whether a password that a person chose may be stored.
    pub(crate) async fn check_password(&self, password: &str) -> Result<(), Error> {
        Rules::check_length(password)?;
        let (mut sentences, mut reasons) = self.rules.weakness(password).unwrap_or_default();
        if let Some(pwned) = &self.pwned {
            match pwned.knows(password).await {
                Ok(false) => {}
                Ok(true) => {
                    if !sentences.is_empty() {
                        sentences.push(' ');
                    }
                    sentences.push_str(
                        "Password is known to be weak and easy to guess, please choose a different one.",
                    );
                    reasons.push("pwned");
                }
                Err(why) if pwned.fail_closed => return Err(Error::Internal(why)),
                Err(why) => tracing::warn!(why, "the list of leaked passwords cannot be asked"),
            }
        }
        if reasons.is_empty() {
            Ok(())
        } else {
            Err(Error::WeakPassword(sentences, reasons))
        }
    }

    /// An address below the service's own.
    pub(crate) fn own_url(&self, path: &str) -> String {
        format!("{}{path}", self.own_url)
    }

    /// The configured public address.
    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// How long codes and links in mails are good.
    pub(crate) fn mail_lifetime(&self) -> TimeDelta {
        TimeDelta::from_std(self.settings.mailer_otp_exp).unwrap_or(TimeDelta::MAX)
    }

    /// Longest a request may take.
    pub(crate) fn patience(&self) -> Duration {
        self.settings.max_request_duration
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_root_gets_the_prefix() {
        assert_eq!(with_prefix("http://a:8000/"), "http://a:8000/auth/v1");
        assert_eq!(with_prefix("https://a/auth/v1"), "https://a/auth/v1");
    }
}
