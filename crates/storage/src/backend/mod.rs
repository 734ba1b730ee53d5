//! Where bytes live.
//!
//! A [`Backend`] keeps versions: immutable files named by bucket, key and a version that is never used twice.
//! It knows no rows and no rights.

mod disk;
mod layout;

use std::io;
use std::ops::Range;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

pub use disk::Disk;

/// The name of one version.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Location {
    /// The bucket's id.
    pub bucket: String,
    /// The object's key.
    pub key: String,
    /// The version.
    pub version: String,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// Bytes.
    pub size: u64,
    /// MD5 of the content, lower-case hexadecimal.
    pub md5: String,
}

/// Why a body could not be written.
#[derive(Debug)]
pub enum WriteError {
    /// The body is longer than allowed.
    TooLarge,
    /// The body broke off.
    Body(String),
    /// The backend failed.
    Io(io::Error),
}

/// Content that is written and has no name yet. Dropped, it is gone.
pub trait Pending: Send {
    /// What was written.
    fn digest(&self) -> &Digest;

    /// Gives it its name; durable when this returns.
    fn keep(self: Box<Self>, at: &Location) -> BoxFuture<'_, io::Result<()>>;
}

/// Content on its way out.
pub struct Content {
    /// The bytes asked for.
    pub stream: BoxStream<'static, io::Result<Bytes>>,
    /// Size of the whole version.
    pub size: u64,
}

/// What the sweep finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// The version in its name.
    pub version: String,
    /// What the backend calls it.
    pub name: String,
    /// Bytes.
    pub size: u64,
}

/// A body on its way in.
pub type Body<'a> = BoxStream<'a, Result<Bytes, String>>;

/// The place where versions are kept.
pub trait Backend: Send + Sync + std::fmt::Debug {
    /// Takes in a body of at most `max_bytes`, as it comes.
    fn write<'a>(
        &'a self,
        body: Body<'a>,
        max_bytes: u64,
    ) -> BoxFuture<'a, Result<Box<dyn Pending>, WriteError>>;

    /// Opens a version; `None` when it is not there. `range` is asked once its size is known.
    fn read<'a>(
        &'a self,
        at: &'a Location,
        range: RangeOf<'a>,
    ) -> BoxFuture<'a, io::Result<Option<Content>>>;

    /// Gives the content of `from` the further name `to`, durably. Whether it was there.
    fn copy<'a>(&'a self, from: &'a Location, to: &'a Location) -> BoxFuture<'a, io::Result<bool>>;

    /// Removes a version; it need not be there.
    fn remove<'a>(&'a self, at: &'a Location) -> BoxFuture<'a, io::Result<()>>;

    /// Lists what was last touched before `before`, in portions.
    fn old_versions(&self, before: DateTime<Utc>) -> BoxStream<'_, io::Result<Vec<Stray>>>;

    /// Removes what a sweep found.
    fn remove_stray<'a>(&'a self, stray: &'a Stray) -> BoxFuture<'a, io::Result<()>>;

    /// Removes bodies that broke off before `before` with the process that received them. How many.
    fn remove_unfinished(&self, before: DateTime<Utc>) -> BoxFuture<'_, io::Result<u64>>;
}

/// Which bytes of a version of this size; `None` is a range that cannot be served: nothing is read then.
pub type RangeOf<'a> = &'a (dyn Fn(u64) -> Option<Range<u64>> + Send + Sync);
