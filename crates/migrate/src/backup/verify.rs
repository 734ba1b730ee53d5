//! The proof: restored beside the original, compared with the manifest, dropped again (MIG-BAK-04).

use base::Random;
use chrono::{DateTime, Utc};
use pg::Endpoint;

use super::load::{Owners, Part, drop_database, load, maintenance, make_database};
use super::{Backup, Error, Level, Manifest, Programs, Verification, contents, files};
use crate::session::Source;

/// Tables up to this size are samples for [`Level::Schema`].
const SAMPLE_BYTES: i64 = 1 << 20;

/// Restores `backup` into a scratch database on the server of `on`, compares and drops it. The proof is written into
/// the manifest.
pub async fn verify(
    backup: &mut Backup,
    programs: &Programs,
    on: &Endpoint,
    level: Level,
    random: &dyn Random,
    now: DateTime<Utc>,
) -> Result<Verification, Error> {
    files::check(backup)?;
    let mut tag = [0; 4];
    random.fill(&mut tag);
    let scratch = format!("passerelle_verify_{}", hex::encode(tag));
    let server = maintenance(on, &scratch).await?;
    make_database(&server, &scratch, &backup.manifest.contents).await?;
    let tried = attempt(backup, programs, &on.with_database(&scratch), level).await;
    let dropped = drop_database(&server, &scratch).await;
    let (tables, server_version) = tried?;
    dropped?;
    let proof = Verification {
        at: now,
        level,
        tables,
        server_version,
    };
    backup.manifest.verified = Some(proof.clone());
    files::replace(&Manifest::path_of(&backup.file), &backup.manifest.text())?;
    Ok(proof)
}

async fn attempt(
    backup: &Backup,
    programs: &Programs,
    scratch: &Endpoint,
    level: Level,
) -> Result<(usize, String), Error> {
    let expected = &backup.manifest.contents;
    let mut samples = None;
    match level {
        Level::Full => load(backup, programs, scratch, Part::All, Owners::Login, 1).await?,
        Level::Schema => {
            load(backup, programs, scratch, Part::Before, Owners::Login, 1).await?;
            samples = Some(sample(backup, programs, scratch).await?);
        }
    }
    let client = Source::new(scratch).session().await?;
    let differences = contents::compare(&client, expected, samples.as_deref()).await?;
    if !differences.is_empty() {
        return Err(Error::Differs(differences));
    }
    if let Some(samples) = &samples {
        // Keys between a sampled table and one without its rows would not hold.
        empty(scratch, expected, samples).await?;
        load(backup, programs, scratch, Part::After, Owners::Login, 1).await?;
    }
    let version = client.query_one("show server_version", &[]).await?.get(0);
    let compared = samples.map_or(expected.tables.len(), |names| names.len());
    Ok((compared, version))
}

/// Loads the small tables' rows; their names.
async fn sample(
    backup: &Backup,
    programs: &Programs,
    scratch: &Endpoint,
) -> Result<Vec<String>, Error> {
    let client = Source::new(scratch).session().await?;
    let mut names = Vec::new();
    for table in contents::readable(&client).await? {
        let dumped = &backup.manifest.contents.tables;
        let small = dumped
            .iter()
            .any(|it| it.name == table.name && it.bytes <= SAMPLE_BYTES);
        if small {
            let rows = Part::Rows(&table.schema, &table.table);
            load(backup, programs, scratch, rows, Owners::Login, 1).await?;
            names.push(table.name);
        }
    }
    Ok(names)
}

async fn empty(
    scratch: &Endpoint,
    expected: &super::Contents,
    samples: &[String],
) -> Result<(), Error> {
    let tables: Vec<String> = expected
        .tables
        .iter()
        .filter(|it| samples.contains(&it.name))
        .filter_map(|it| crate::Name::parse(&it.name))
        .map(|name| name.quoted().to_string())
        .collect();
    if tables.is_empty() {
        return Ok(());
    }
    let client = scratch.connect().await?;
    client
        .batch_execute(&format!("truncate {}", tables.join(", ")))
        .await?;
    Ok(())
}
