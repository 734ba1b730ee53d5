//! What HTTP services share.
//!
//! In charge of the small things that must be the same at every door: what the gateway tells a service
//! about a request ([`Peer`], [`ApiKey`], [`RequestId`]), the one place where an error becomes a response
//! ([`Failure`]), bearer tokens, which addresses a request that others direct may reach ([`public`]), and how a
//! service presents itself ([`Service`]). It knows no service.

mod bearer;
mod context;
mod failure;
mod outgoing;
pub mod public;
mod service;

pub use bearer::{Authorization, authorization};
pub use context::{ApiKey, Peer, RequestId};
pub use failure::{Failure, json_response, json_response_as};
pub use outgoing::outgoing;
pub use service::{Health, Service};
