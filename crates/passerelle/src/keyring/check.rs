//! Whether a set of secrets fits together, and what will trouble it soon.

use std::sync::Arc;

use base::{Secret, SharedClock};
use jwt::{Keys, Verifier};
use settings::Settings;

use crate::exit::{ExitCode, Failure};
use crate::messages::floors::key_error;
use crate::messages::{Message, Text};

/// The secrets of the examples that everybody has read.
const PUBLISHED: [&str; 2] = [
    "your-super-secret-jwt-token-with-at-least-32-characters-long",
    "super-secret-jwt-token-with-at-least-32-characters-long",
];
const PUBLISHED_PASSWORDS: [&str; 2] = [
    "this_password_is_insecure_and_should_be_updated",
    "this_password_is_insecure_and_must_be_changed",
];
/// GW-GEN-03: how long ahead a start warns.
const MONTH: i64 = 30 * 86_400;

/// GW-ENV-21: refuses a set that does not fit together, all mistakes in one message.
pub fn check(settings: &settings::Keys, now: i64) -> Result<(), Failure> {
    let mistakes = mistakes(settings, now);
    if mistakes.is_empty() {
        return Ok(());
    }
    let sentence = Text::List(
        mistakes
            .into_iter()
            .map(|(_, message)| message.into())
            .collect(),
    );
    Err(
        Failure::tell(ExitCode::Secrets, sentence, "passerelle keys check")
            .named("keys_do_not_fit"),
    )
}

/// What does not fit, each with the variable it is about.
pub(crate) fn mistakes(settings: &settings::Keys, now: i64) -> Vec<(&'static str, Message)> {
    let mut mistakes = Vec::new();
    match Keys::from_settings(settings) {
        Err(error) => mistakes.push(("JWT_SECRET", key_error(&error))),
        Ok(keys) => {
            let clock: SharedClock = Arc::new(base::SystemClock);
            let verifier = Verifier::new(keys, clock);
            for (name, key, role) in keys_and_roles(settings) {
                mistakes.extend(
                    mistake_of(&verifier, name, key, role, now).map(|message| (name, message)),
                );
            }
        }
    }
    let vault = settings.vault_enc_key.expose();
    if !vault.is_empty() && vault.len() != 32 {
        let length = vault.len().to_string();
        mistakes.push(("VAULT_ENC_KEY", Message::VaultLength { length }));
    }
    mistakes
}

fn keys_and_roles(settings: &settings::Keys) -> [(&'static str, &Secret, &'static str); 2] {
    [
        ("ANON_KEY", &settings.anon_key, "anon"),
        (
            "SERVICE_ROLE_KEY",
            &settings.service_role_key,
            "service_role",
        ),
    ]
}

fn mistake_of(
    verifier: &Verifier,
    name: &str,
    key: &Secret,
    role: &str,
    now: i64,
) -> Option<Message> {
    let name = name.to_owned();
    match verifier.verify_signature(key.expose()) {
        Err(_) => Some(Message::NotSigned { name }),
        Ok(claims) if claims.role() != Some(role) => Some(Message::WrongRole {
            name,
            role: role.to_owned(),
        }),
        Ok(claims) if claims.seconds("exp").is_some_and(|exp| exp <= now) => {
            Some(Message::KeyExpired { name })
        }
        Ok(_) => None,
    }
}

/// Keys that end within `span` seconds, and in how many days.
pub(crate) fn ending(settings: &settings::Keys, now: i64, span: i64) -> Vec<(&'static str, i64)> {
    let Ok(keys) = Keys::from_settings(settings) else {
        return Vec::new();
    };
    let verifier = Verifier::new(keys, Arc::new(base::SystemClock));
    let ends = |key: &Secret| verifier.verify_signature(key.expose()).ok()?.seconds("exp");
    let soon = keys_and_roles(settings)
        .into_iter()
        .filter_map(|(name, key, _)| Some((name, ends(key)?)));
    soon.filter(|(_, exp)| *exp > now && *exp - now <= span)
        .map(|(name, exp)| (name, (exp - now) / 86_400))
        .collect()
}

/// What a start says beside its work: a code, a sentence, a remedy. Refuses what would open a door.
pub(crate) fn cautions(
    settings: &Settings,
    now: i64,
) -> Result<Vec<(&'static str, Message, Text)>, Failure> {
    let gateway = &settings.gateway;
    if PUBLISHED_PASSWORDS.contains(&gateway.dashboard_password.expose())
        && !gateway.host.is_loopback()
    {
        let name = "DASHBOARD_PASSWORD".to_owned();
        let sentence = Message::ExamplePassword { name: name.clone() };
        return Err(
            Failure::tell(ExitCode::Secrets, sentence, Message::SetAnother { name })
                .named("example_password"),
        );
    }
    let mut cautions = Vec::new();
    if PUBLISHED.contains(&settings.keys.jwt_secret.expose()) {
        let name = "JWT_SECRET".to_owned();
        cautions.push((
            "demo_keys",
            Message::DemoKeys { name },
            "passerelle keys rotate --grace 0".into(),
        ));
    }
    for (name, days) in ending(&settings.keys, now, MONTH) {
        let (name, days) = (name.to_owned(), days.to_string());
        let remedy = "passerelle keys rotate --api-keys-only".into();
        cautions.push(("key_expires", Message::KeyExpires { name, days }, remedy));
    }
    Ok(cautions)
}

#[cfg(test)]
mod tests {
    use jwt::{ApiKeyClass, ApiKeys};

    use super::*;

    fn settings(lifetime: i64) -> Settings {
        let mut settings = Settings::default();
        settings.keys.jwt_secret = Secret::new(PUBLISHED[0]);
        let keys = Keys::from_settings(&settings.keys).unwrap();
        settings.keys.anon_key = ApiKeys::mint(&keys, ApiKeyClass::Anon, 1_000, lifetime).unwrap();
        settings.keys.service_role_key =
            ApiKeys::mint(&keys, ApiKeyClass::Service, 1_000, 10 * MONTH).unwrap();
        settings
    }

    fn codes(settings: &Settings) -> Vec<&'static str> {
        cautions(settings, 1_000)
            .unwrap()
            .into_iter()
            .map(|(code, ..)| code)
            .collect()
    }

    // GW-GEN-03: a month ahead, and not before.
    #[test]
    fn a_key_that_ends_within_a_month_is_named() {
        assert_eq!(codes(&settings(MONTH)), ["demo_keys", "key_expires"]);
        assert_eq!(codes(&settings(MONTH + 1)), ["demo_keys"]);
    }

    // GW-GEN-03: a key without `exp` is accepted.
    #[test]
    fn a_key_without_an_end_fits() {
        let mut settings = settings(MONTH);
        let keys = Keys::from_settings(&settings.keys).unwrap();
        settings.keys.anon_key = Secret::new(keys.sign(&serde_json::json!({ "role": "anon" })));
        assert_eq!(mistakes(&settings.keys, 1_000), []);
        assert_eq!(codes(&settings), ["demo_keys"]);
    }

    // GW-GEN-03: an expired one is refused.
    #[test]
    fn an_expired_key_is_refused() {
        let name = "ANON_KEY".to_owned();
        assert_eq!(
            mistakes(&settings(10).keys, 1_010),
            [("ANON_KEY", Message::KeyExpired { name })]
        );
    }

    // GW-DSH-01: the published password stops a start that other machines could reach.
    #[test]
    fn the_published_password_is_for_this_machine_only() {
        let mut settings = settings(10 * MONTH);
        settings.gateway.dashboard_password = Secret::new(PUBLISHED_PASSWORDS[0]);
        assert_eq!(
            cautions(&settings, 1_000).unwrap_err().code,
            ExitCode::Secrets
        );
        settings.gateway.host = "127.0.0.1".parse().unwrap();
        assert_eq!(codes(&settings), ["demo_keys"]);
    }
}
