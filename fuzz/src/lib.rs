//! What the targets share: requests out of bytes, and what SQL must look like.

pub mod request;
pub mod sql;
