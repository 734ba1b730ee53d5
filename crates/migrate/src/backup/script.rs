//! Dumps for servers that are older than the programs.
//!
//! From version 17 on `pg_dump` and `pg_restore` begin a script with a setting that older servers do not know, and a
//! restore that stops at the first error stops there. To such a server the script goes by way of `psql`, without
//! that line.

use std::path::Path;

use pg::Endpoint;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};

use super::programs::{Prepared, Programs};
use super::{Error, load};

/// The first version of both that knows it.
const MAJOR: u32 = 17;
const LINE: &[u8] = b"SET transaction_timeout = 0;\n";

/// Whether the server of `into` stops at a line that the programs write.
pub(super) async fn is_needed(programs: &Programs, into: &Endpoint) -> Result<bool, Error> {
    if programs.major() < MAJOR {
        return Ok(false);
    }
    let client = into.connect().await?;
    let sql = "select current_setting('server_version_num')::int4 / 10000";
    let major: i32 = client.query_one(sql, &[]).await?.get(0);
    Ok(major.unsigned_abs() < MAJOR)
}

/// Puts the script in `file` into the database.
pub(super) async fn put_file(
    programs: &Programs,
    file: &Path,
    into: &Endpoint,
) -> Result<(), Error> {
    let failed = |error| Error::file(file, error);
    let script = tokio::fs::File::open(file).await.map_err(failed)?;
    let mut psql = load::psql(programs, into)?.fed()?;
    let target = psql.input();
    // Where psql stops it says why; that the rest was not taken is no news.
    let (_, ended) = tokio::join!(put(BufReader::new(script), target), psql.end());
    ended
}

/// Puts what `restore` writes into the database.
pub(super) async fn put_output(
    programs: &Programs,
    restore: Prepared,
    into: &Endpoint,
) -> Result<(), Error> {
    let mut psql = load::psql(programs, into)?.fed()?;
    let mut restore = restore.arg("--file=-").read()?;
    let (script, target) = (BufReader::new(restore.output()), psql.input());
    let (_, written, ended) = tokio::join!(put(script, target), restore.end(), psql.end());
    ended.and(written)
}

/// Copies a script, but for the first line that is [`LINE`]. Rows come later, and are copied as they are.
async fn put(
    mut script: impl AsyncBufRead + Unpin,
    mut target: impl AsyncWrite + Unpin,
) -> std::io::Result<()> {
    let mut line = Vec::new();
    while script.read_until(b'\n', &mut line).await? > 0 {
        if line == LINE {
            break;
        }
        target.write_all(&line).await?;
        line.clear();
    }
    tokio::io::copy_buf(&mut script, &mut target).await?;
    target.shutdown().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_such_line_is_left_out_and_nothing_else() {
        let line = "SET transaction_timeout = 0;\n";
        let before = "SET statement_timeout = 0;\nSET lock_timeout = 0;\n";
        let rows = "COPY t FROM stdin;\n1\té\n\\.\n";
        for (script, expected) in [
            (
                format!("{before}{line}{rows}{line}"),
                format!("{before}{rows}{line}"),
            ),
            (format!("{before}{rows}x"), format!("{before}{rows}x")),
        ] {
            let mut copied = Vec::new();
            put(script.as_bytes(), &mut copied).await.unwrap();
            assert_eq!(String::from_utf8(copied).unwrap(), expected);
        }
    }
}
