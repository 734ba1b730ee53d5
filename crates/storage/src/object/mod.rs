//! What can be done with objects, apart from how it is asked for.

pub(crate) mod conditions;
pub(crate) mod cursor;
pub(crate) mod download;
pub(crate) mod empty;
pub(crate) mod incoming;
pub(crate) mod permit;
pub(crate) mod relocate;
pub(crate) mod remove;
pub(crate) mod store;
pub(crate) mod upload;
