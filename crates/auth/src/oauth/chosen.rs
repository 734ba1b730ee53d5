//! The provider that somebody chose: one that is known by name, or one in the database.

use deadpool_postgres::GenericClient;
use serde_json::Value;

use super::custom::Custom;
use super::{Profile, Provider, Tokens};
use crate::Error;
use crate::service::Inner;

/// A provider that may be used.
#[derive(Debug)]
pub(crate) enum Chosen<'a> {
    Known(&'a Provider),
    Custom(Box<Custom>),
}

impl<'a> Chosen<'a> {
    /// The provider of a name, if it is on.
    pub(crate) async fn of(
        service: &'a Inner,
        client: &impl GenericClient,
        name: &str,
    ) -> Result<Self, Error> {
        if !name.starts_with("custom:") || !service.settings.custom_oauth_enabled {
            return service.providers.get(name).map(Self::Known);
        }
        let wrong = |why: &str| {
            Error::validation(format!(
                "Unsupported provider: custom provider {name} {why}"
            ))
        };
        match Custom::find(client, name).await? {
            None => Err(wrong("not found")),
            Some(custom) if !custom.enabled => Err(wrong("is disabled")),
            Some(custom) => Ok(Self::Custom(Box::new(custom))),
        }
    }

    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Known(provider) => provider.name(),
            Self::Custom(custom) => &custom.identifier,
        }
    }

    /// Whether it wants PKCE on its side, too.
    pub(crate) fn wants_pkce(&self) -> bool {
        match self {
            Self::Known(provider) => provider.wants_pkce(),
            Self::Custom(custom) => custom.pkce,
        }
    }

    /// Whether people come in without an address.
    pub(crate) fn email_optional(&self) -> bool {
        match self {
            Self::Known(provider) => provider.config.email_optional,
            Self::Custom(custom) => custom.email_optional,
        }
    }

    /// Where to send somebody.
    pub(crate) async fn authorize_url(
        &self,
        service: &Inner,
        state: &str,
        scopes: &str,
        challenge: Option<&str>,
        passed: &[(String, String)],
    ) -> Result<String, Error> {
        match self {
            Self::Known(provider) => {
                let providers = &service.providers;
                providers
                    .authorize_url(provider, state, scopes, challenge, passed)
                    .await
            }
            Self::Custom(custom) => custom.authorize_url(service, state, scopes, challenge, passed),
        }
    }

    /// Exchanges the code that it sent.
    pub(crate) async fn exchange(
        &self,
        service: &Inner,
        code: &str,
        verifier: Option<&str>,
    ) -> Result<Tokens, Error> {
        match self {
            Self::Known(provider) => service.providers.exchange(provider, code, verifier).await,
            Self::Custom(custom) => custom.exchange(service, code, verifier).await,
        }
    }

    /// Who the tokens belong to.
    pub(crate) async fn profile(
        &self,
        service: &Inner,
        tokens: &Tokens,
        posted: Option<&Value>,
    ) -> Result<Profile, Error> {
        match self {
            Self::Known(provider) => service.providers.profile(provider, tokens, posted).await,
            Self::Custom(custom) => custom.profile(service, tokens).await,
        }
    }
}
