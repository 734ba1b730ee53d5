//! What a project's set of secrets consists of, and how each is made (GW-GEN-04).

use base::{Random, Secret};
use jwt::{ApiKeyClass, ApiKeys, Keys};
use settings::DotEnv;

use crate::exit::{ExitCode, Failure};
use crate::messages::Message;
use crate::messages::floors::key_error;

/// The names, in the order of the file.
pub(crate) const NAMES: [&str; 14] = [
    "JWT_SECRET",
    "ANON_KEY",
    "SERVICE_ROLE_KEY",
    "POSTGRES_PASSWORD",
    "DASHBOARD_PASSWORD",
    "SECRET_KEY_BASE",
    "VAULT_ENC_KEY",
    "REALTIME_DB_ENC_KEY",
    "PG_META_CRYPTO_KEY",
    "LOGFLARE_PUBLIC_ACCESS_TOKEN",
    "LOGFLARE_PRIVATE_ACCESS_TOKEN",
    "S3_PROTOCOL_ACCESS_KEY_ID",
    "S3_PROTOCOL_ACCESS_KEY_SECRET",
    "MINIO_ROOT_PASSWORD",
];

/// What a run of [`complete`] did to one variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// It was there.
    Kept,
    /// It was made.
    Made,
}

/// A variable of the keys' file.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) value: Secret,
    pub(crate) change: Change,
}

/// A new value for a name; letters and digits mostly, which shells, URLs, YAML and `.env` leave alone.
fn made(name: &str, random: &dyn Random) -> String {
    match name {
        "JWT_SECRET" => random.alphanumeric(64),
        "POSTGRES_PASSWORD" => random.alphanumeric(32),
        "DASHBOARD_PASSWORD" => with_a_letter(random),
        "SECRET_KEY_BASE" => random.token(48),
        "REALTIME_DB_ENC_KEY" => random.hex(8),
        "PG_META_CRYPTO_KEY" | "LOGFLARE_PUBLIC_ACCESS_TOKEN" | "LOGFLARE_PRIVATE_ACCESS_TOKEN" => {
            random.token(24)
        }
        "S3_PROTOCOL_ACCESS_KEY_SECRET" => random.hex(32),
        // VAULT_ENC_KEY, S3_PROTOCOL_ACCESS_KEY_ID, MINIO_ROOT_PASSWORD.
        _ => random.hex(16),
    }
}

/// GW-DSH-01: old templates break on a password of digits only.
fn with_a_letter(random: &dyn Random) -> String {
    loop {
        let password = random.hex(16);
        if password.contains(|c: char| c.is_ascii_alphabetic()) {
            return password;
        }
    }
}

/// Completes a set of secrets: what is there stays, what is missing is made. An existing `JWT_SECRET` without keys
/// signs them; nothing is ever replaced. Where a database was made with the JWT secret alone, its roles' passwords
/// come from that: it is written down as `SECRET_KEY_BASE`, so that they stay.
pub(crate) fn complete(
    file: &mut DotEnv,
    has_database: bool,
    random: &dyn Random,
    now: i64,
    lifetime: i64,
) -> Result<Vec<Entry>, Failure> {
    let known = |file: &DotEnv, name: &str| file.get(name).filter(|value| !value.is_empty());
    let role_secret = known(file, "JWT_SECRET").filter(|_| has_database);
    let secret = known(file, "JWT_SECRET").unwrap_or_else(|| made("JWT_SECRET", random));
    let keys = Keys::from_secret(&secret).map_err(|error| {
        Failure::tell(ExitCode::Secrets, key_error(&error), Message::RemoveSecret)
            .named("keys_unusable")
    })?;
    let mint = |class| {
        let key = ApiKeys::mint(&keys, class, now, lifetime).expect("there is a secret");
        key.expose().to_owned()
    };
    let mut entries = Vec::new();
    for name in NAMES {
        let found = known(file, name);
        let change = if found.is_some() {
            Change::Kept
        } else {
            Change::Made
        };
        let value = found.unwrap_or_else(|| {
            let value = match name {
                "JWT_SECRET" => secret.clone(),
                "ANON_KEY" => mint(ApiKeyClass::Anon),
                "SERVICE_ROLE_KEY" => mint(ApiKeyClass::Service),
                "SECRET_KEY_BASE" => role_secret.clone().unwrap_or_else(|| made(name, random)),
                _ => made(name, random),
            };
            file.set(name, &value);
            value
        });
        entries.push(Entry {
            name,
            value: Secret::new(value),
            change,
        });
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use base::SeededRandom;

    use super::*;

    fn value(entries: &[Entry], name: &str) -> String {
        let entry = entries.iter().find(|entry| entry.name == name).unwrap();
        entry.value.expose().to_owned()
    }

    // GW-GEN-01, GW-GEN-04: every name of the set, in the length that its reader asks for.
    #[test]
    fn a_set_holds_every_name_in_its_length() {
        let random = SeededRandom::new(7);
        let entries = complete(&mut DotEnv::default(), false, &random, 1_000, 60).unwrap();
        assert_eq!(
            entries.iter().map(|entry| entry.name).collect::<Vec<_>>(),
            NAMES
        );
        for (name, length) in [
            ("JWT_SECRET", 64),
            ("POSTGRES_PASSWORD", 32),
            ("DASHBOARD_PASSWORD", 32),
            ("SECRET_KEY_BASE", 64),
            ("VAULT_ENC_KEY", 32),
            ("REALTIME_DB_ENC_KEY", 16),
            ("PG_META_CRYPTO_KEY", 32),
            ("LOGFLARE_PUBLIC_ACCESS_TOKEN", 32),
            ("LOGFLARE_PRIVATE_ACCESS_TOKEN", 32),
            ("S3_PROTOCOL_ACCESS_KEY_ID", 32),
            ("S3_PROTOCOL_ACCESS_KEY_SECRET", 64),
            ("MINIO_ROOT_PASSWORD", 32),
        ] {
            assert_eq!(value(&entries, name).len(), length, "{name}");
        }
        // GW-DSH-01.
        assert!(value(&entries, "DASHBOARD_PASSWORD").contains(|c: char| c.is_ascii_alphabetic()));
    }

    #[test]
    fn a_database_that_was_made_with_the_jwt_secret_keeps_its_passwords() {
        let random = SeededRandom::new(7);
        let secret = "a-secret-of-at-least-thirty-two-bytes!";
        for (has_database, kept) in [(true, true), (false, false)] {
            let mut file = DotEnv::parse(&format!("JWT_SECRET='{secret}'\n")).unwrap();
            let entries = complete(&mut file, has_database, &random, 1_000, 60).unwrap();
            assert_eq!(value(&entries, "SECRET_KEY_BASE") == secret, kept);
        }
    }
}
