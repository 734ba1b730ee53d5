//! Signing people in for other applications: OAuth 2.1 and OpenID Connect, from the side of the provider.
//!
//! An application is a [`Client`]. A request of one to sign somebody in is an [`Authorization`], which waits until the
//! person said yes or no, and whose code is then exchanged for a session that carries the client and its scopes.

mod authorization;
mod client;
mod registration;
mod token;

pub(crate) use authorization::{Authorization, Wish, covers, grant};
pub(crate) use client::{Client, authenticate};
pub(crate) use registration::{Change, Registration, hashed};
pub(crate) use token::{id_token, userinfo};

use crate::Error;
use crate::service::Inner;

/// What applications may ask for.
pub(crate) const SCOPES: [&str; 5] = ["openid", "profile", "email", "phone", "offline_access"];

/// Refuses everything while the server is off.
pub(crate) fn enabled(service: &Inner) -> Result<(), Error> {
    if service.settings.oauth_server_enabled {
        Ok(())
    } else {
        Err(Error::Feature("OAuth server is disabled"))
    }
}

/// Whether a list of scopes holds one.
pub(crate) fn has_scope(scopes: &str, wanted: &str) -> bool {
    scopes.split(' ').any(|scope| scope == wanted)
}
