//! What uploads and downloads must know of a bucket. Read anew every time: SQL may change it at any moment.

use crate::Error;
use crate::service::Inner;

/// A bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bucket {
    pub(crate) public: bool,
    /// Bytes.
    pub(crate) file_size_limit: Option<i64>,
    /// Empty: any.
    pub(crate) allowed_mime_types: Vec<String>,
}

impl Bucket {
    /// The bucket, whoever asks.
    pub(crate) async fn find(service: &Inner, id: &str) -> Result<Self, Error> {
        let client = service.pool.get().await?;
        let statement = client
            .prepare_cached(include_str!("sql/find_bucket.sql"))
            .await?;
        let row = client
            .query_opt(&statement, &[&id])
            .await?
            .ok_or(Error::NoSuchBucket)?;
        Ok(Self {
            public: row.try_get(0)?,
            file_size_limit: row.try_get(1)?,
            allowed_mime_types: row.try_get(2)?,
        })
    }
}
