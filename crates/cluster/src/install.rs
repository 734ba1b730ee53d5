//! PostgreSQL's programs without root.
use std::path::Path;

use crate::{Binaries, Error};

/// Gets PostgreSQL's programs into `<data_dir>/runtime/pg-<major>`.
pub async fn install(data_dir: &Path, major: Option<u32>) -> Result<Binaries, Error> {
    let _ = (data_dir, major);
    Err(Error::Install("no source".to_owned()))
}
