//! `doctor`: finds what is wrong and says how to mend it.

use std::path::Path;

use base::{Clock as _, SystemClock};
use pg::Endpoint;
use serde_json::json;
use settings::Settings;

use super::{Context, runtime};
use crate::exit::{ExitCode, Failure};
use crate::keyring;
use crate::messages::Message;
use crate::state::State;

/// Something that is not as it must be.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    /// Stable: programs match on it.
    code: &'static str,
    sentence: String,
    remedy: String,
}

impl Finding {
    fn new(
        code: &'static str,
        sentence: impl std::fmt::Display,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            code,
            sentence: sentence.to_string(),
            remedy: remedy.into(),
        }
    }
}

/// Space below which a database is in danger, MiB.
const LITTLE_SPACE_MIB: u64 = 512;

pub(crate) fn run(context: &Context) -> Result<ExitCode, Failure> {
    let mut findings = Vec::new();
    let settings = match Settings::load(&context.layers) {
        Ok(settings) => settings,
        Err(error) => {
            findings.push(Finding::new("settings", error, "passerelle config check"));
            return Ok(report(context, &findings));
        }
    };
    let data_dir = context.data_dir()?;
    let running = State::read(&data_dir);
    findings.extend(keys(context, &settings, &data_dir));
    findings.extend(disk(&data_dir));
    if running.is_none() {
        findings.extend(port(&settings));
    }
    match &settings.database.url {
        Some(url) => match Endpoint::parse(url.expose()) {
            Ok(endpoint) => findings.extend(runtime()?.block_on(cluster_by_url(&endpoint))),
            Err(error) => findings.push(Finding::new("database_url", error, "mend database.url")),
        },
        None => {
            if let Err(error) = cluster::find(settings.database.bin_dir.as_deref(), &data_dir) {
                findings.push(Finding::new("postgres_missing", &error, error.remedy()));
            }
        }
    }
    Ok(report(context, &findings))
}

fn report(context: &Context, findings: &[Finding]) -> ExitCode {
    for finding in findings {
        context
            .out
            .result(&format!("{}: {}", finding.code, finding.sentence));
        context.out.say(&Message::Remedy {
            command: finding.remedy.clone(),
        });
        context.out.object(&json!({
            "type": "check", "code": finding.code, "message": finding.sentence, "remedy": finding.remedy,
        }));
    }
    let code = if findings.is_empty() {
        ExitCode::Success
    } else {
        ExitCode::Findings
    };
    if findings.is_empty() {
        context.out.say(&Message::AllWell);
    }
    context
        .out
        .object(&json!({ "type": "result", "exit_code": code as u8, "findings": findings.len() }));
    code
}

fn keys(context: &Context, settings: &Settings, data_dir: &Path) -> Vec<Finding> {
    let path = keyring::file(&context.dir, data_dir);
    let mut findings = Vec::new();
    if let Err(failure) = keyring::check_permissions(&path, false) {
        findings.push(Finding::new(
            "keys_readable",
            failure.sentence,
            failure.remedy,
        ));
    }
    let mut layers = settings::Layers::default();
    if layers.add_env_file(&path).is_err() {
        findings.push(Finding::new(
            "keys_file",
            format_args!("{} cannot be read", path.display()),
            "mend or remove it",
        ));
        return findings;
    }
    let merged =
        Settings::load(&layers.under(&context.layers)).unwrap_or_else(|_| settings.clone());
    // Without any key the first start makes them: nothing is wrong.
    if (!merged.keys.jwt_secret.is_empty() || !merged.keys.jwt_keys.is_empty())
        && !merged.keys.anon_key.is_empty()
        && let Err(failure) = keyring::check(&merged.keys, SystemClock.unix())
    {
        findings.push(Finding::new(
            "keys_do_not_fit",
            failure.sentence,
            failure.remedy,
        ));
    }
    findings
}

fn port(settings: &Settings) -> Option<Finding> {
    let address = (settings.gateway.host, settings.gateway.port);
    match std::net::TcpListener::bind(address) {
        Ok(_) => None,
        Err(error) => {
            let port = settings.gateway.port;
            let sentence = format!("port {port} cannot be listened on: {error}");
            Some(Finding::new(
                "port_taken",
                sentence,
                format!("passerelle up --port {}", port.saturating_add(1)),
            ))
        }
    }
}

fn disk(data_dir: &Path) -> Option<Finding> {
    let existing = data_dir.ancestors().find(|folder| folder.exists())?;
    let space = nix::sys::statvfs::statvfs(existing).ok()?;
    let free_mib = space.blocks_available() * space.fragment_size() / (1 << 20);
    (free_mib < LITTLE_SPACE_MIB).then(|| {
        let sentence = format!("only {free_mib} MiB are free at {}", existing.display());
        Finding::new(
            "disk_nearly_full",
            sentence,
            "make room, or choose another folder with --data-dir",
        )
    })
}

async fn cluster_by_url(endpoint: &Endpoint) -> Vec<Finding> {
    let client = match endpoint.connect().await {
        Ok(client) => client,
        Err(error) => {
            let remedy = "check the address, the login and the password in the database URL";
            return vec![Finding::new("database_unreachable", error, remedy)];
        }
    };
    let mut findings = Vec::new();
    let Ok(row) = client
        .query_one(include_str!("../sql/doctor.sql"), &[])
        .await
    else {
        return vec![Finding::new(
            "database_refuses",
            "the database does not answer questions",
            "passerelle logs",
        )];
    };
    if row
        .try_get::<_, String>(0)
        .is_ok_and(|level| level != "logical")
    {
        let remedy = "alter system set wal_level = logical, then restart the cluster";
        findings.push(Finding::new(
            "wal_level",
            "wal_level is not logical: Postgres changes cannot be sent",
            remedy,
        ));
    }
    if row.try_get::<_, bool>(1).is_ok_and(|may| !may) {
        let remedy = format!("alter role {} createrole createdb", endpoint.user());
        findings.push(Finding::new(
            "no_rights",
            "the administrator may not create roles",
            remedy,
        ));
    }
    let skew = row
        .try_get::<_, i64>(2)
        .map_or(0, |theirs| (theirs - SystemClock.unix()).abs());
    if skew > 30 {
        let sentence = format!("the database's clock is {skew} seconds away from this machine's");
        findings.push(Finding::new(
            "clock_skew",
            sentence,
            "set both clocks by NTP",
        ));
    }
    findings
}
