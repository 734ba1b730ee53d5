//! Why a token is refused (MIG-DOC-01): decoded here, never sent anywhere, never shown.

use std::sync::Arc;

use base::{Clock as _, Secret, SystemClock};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt::{Claims, Keys, Verifier};
use serde_json::Value;
use settings::{Layers, Settings};

use crate::findings::{Confidence, Finding};
use crate::messages::Message;

pub(super) fn judge(layers: &Layers, settings: &Settings, token: &str) -> Vec<Finding> {
    let token = token.trim().trim_start_matches("Bearer ").trim();
    let Some(claims) = decode(token) else {
        let parts = token.split('.').count().to_string();
        return vec![Finding::new(
            "token_malformed",
            Message::TokenMalformed { parts },
            Message::CopyWhole,
        )];
    };
    let mut found = Vec::new();
    let keys = Keys::from_settings(&settings.keys);
    let verified =
        keys.map(|keys| Verifier::new(keys, Arc::new(SystemClock)).verify_signature(token));
    match verified {
        Err(error) => found.push(Finding::from(crate::exit::Failure::from(error))),
        Ok(Err(jwt::Error::NotANumber(claim))) => {
            let message = Message::TokenClaim {
                claim: claim.to_owned(),
            };
            found.push(Finding::new("token_claims", message, Message::SignAgain));
        }
        Ok(Err(_)) => found.push(foreign(layers, token, &claims)),
        Ok(Ok(_)) => {}
    }
    found.extend(times(&claims, SystemClock.unix()));
    found.extend(meaning(settings, &claims));
    // Whoever is refused for another reason need not hear that only administrators may do some things.
    if found.iter().any(|it| it.confidence == Confidence::Certain) {
        found.retain(|it| it.code != "token_not_admin");
    }
    found
}

/// The claims, whoever signed them.
fn decode(token: &str) -> Option<Value> {
    let parts: Vec<&str> = token.split('.').collect();
    let [_, payload, _] = parts.as_slice() else {
        return None;
    };
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    claims.is_object().then_some(claims)
}

/// Signed with a secret that is not in use: which file still holds it?
fn foreign(layers: &Layers, token: &str, claims: &Value) -> Finding {
    let fields = Settings::fields();
    let names = fields
        .iter()
        .find(|field| field.key == "keys.jwt_secret")
        .map_or(&[][..], |field| field.env);
    let signs = |secret: &str| {
        Keys::from_secret(secret).is_ok_and(|keys| {
            Verifier::new(keys, Arc::new(SystemClock))
                .verify_signature(token)
                .is_ok()
        })
    };
    let stale = layers
        .occurrences(names)
        .into_iter()
        .find(|(_, secret, _)| signs(secret));
    let finding = match stale {
        Some((name, secret, origin)) => {
            let (print, place) = (Secret::new(secret).fingerprint(), origin.to_string());
            let message = Message::TokenOfStaleSecret { name, place, print };
            Finding::new("token_stale_secret", message, Message::AlignSecret)
        }
        None => Finding::new("token_foreign", Message::TokenForeign, Message::SignAgain),
    };
    let told = ["iss", "ref"]
        .iter()
        .filter_map(|name| Some(format!("{name}: {}", claims.get(*name)?)));
    told.fold(finding, Finding::because)
}

/// Whether its time is past or not come, or the clocks disagree.
fn times(claims: &Value, now: i64) -> Option<Finding> {
    let at = |name: &str| claims.get(name).and_then(Value::as_i64);
    if let Some(ahead) = at("iat").filter(|iat| *iat > now + 30) {
        let seconds = (ahead - now).to_string();
        return Some(Finding::new(
            "token_clock",
            Message::TokenFromFuture { seconds },
            Message::SetClocks,
        ));
    }
    if let Some(ahead) = at("nbf").filter(|nbf| *nbf > now) {
        let seconds = (ahead - now).to_string();
        return Some(Finding::new(
            "token_not_yet",
            Message::TokenNotYet { seconds },
            Message::SetClocks,
        ));
    }
    let past = at("exp").filter(|exp| *exp <= now)?;
    let seconds = (now - past).to_string();
    let is_user = claims.get("sub").is_some();
    let remedy = if is_user {
        Message::RefreshSession
    } else {
        Message::NewApiKeys
    };
    Some(Finding::new(
        "token_expired",
        Message::TokenExpired { seconds },
        remedy,
    ))
}

/// Whether it says what its reader wants to hear.
fn meaning(settings: &Settings, claims: &Value) -> Vec<Finding> {
    let Ok(parsed) = Claims::parse(&claims.to_string()) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    match parsed.role() {
        None => found.push(Finding::new(
            "token_no_role",
            Message::TokenNoRole,
            Message::SignAgain,
        )),
        Some("anon" | "authenticated") => {
            let role = parsed.role().unwrap_or_default().to_owned();
            let message = Message::TokenNotAdmin { role };
            found.push(Finding::new("token_not_admin", message, Message::UseServiceKey).likely());
        }
        Some("service_role" | "supabase_admin") => {}
        Some(role) => {
            let message = Message::TokenOtherRole {
                role: role.to_owned(),
            };
            found.push(Finding::new("token_role", message, Message::SignAgain).likely());
        }
    }
    let audience = &settings.auth.jwt_audience;
    if parsed.subject().is_some() && !parsed.has_audience(audience) {
        let message = Message::TokenAudience {
            wanted: audience.clone(),
        };
        found.push(Finding::new("token_audience", message, Message::SignAgain));
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use settings::Origin;

    use super::*;

    const SECRET: &str = "a-secret-of-at-least-thirty-two-bytes!";
    const STALE: &str = "another-secret-of-thirty-two-bytes-or-so";

    fn codes(token: &str) -> Vec<&'static str> {
        let mut layers = Layers::default();
        layers.add_variables(
            [("SUPABASE_JWT_SECRET", STALE)],
            Origin::EnvFile("app/.env".into()),
        );
        layers.add_variables(
            [("JWT_SECRET", SECRET)],
            Origin::EnvFile("supabase/.env".into()),
        );
        let settings = Settings::load(&layers).unwrap();
        judge(&layers, &settings, token)
            .into_iter()
            .map(|finding| finding.code)
            .collect()
    }

    fn signed(secret: &str, claims: &Value) -> String {
        Keys::from_secret(secret).unwrap().sign(claims)
    }

    // MIG-DOC-01: each reason by its own name.
    #[test]
    fn a_token_is_told_why_it_is_refused() {
        let now = SystemClock.unix();
        let service = |exp: i64| json!({ "role": "service_role", "iss": "supabase", "iat": now - 60, "exp": exp });
        assert_eq!(codes(&signed(SECRET, &service(now + 60))), [] as [&str; 0]);
        assert_eq!(codes(&signed(SECRET, &service(now - 1))), ["token_expired"]);
        assert_eq!(
            codes(&signed(STALE, &service(now + 60))),
            ["token_stale_secret"]
        );
        let elsewhere = signed(
            "a-third-secret-of-thirty-two-bytes-or-so",
            &service(now + 60),
        );
        assert_eq!(codes(&elsewhere), ["token_foreign"]);
        assert_eq!(codes("eyJ.x"), ["token_malformed"]);
        let ahead = json!({ "role": "service_role", "iat": now + 3_600, "exp": now + 7_200 });
        assert_eq!(codes(&signed(SECRET, &ahead)), ["token_clock"]);
        let user =
            |aud: &str| json!({ "role": "authenticated", "sub": "x", "aud": aud, "exp": now + 60 });
        assert_eq!(
            codes(&signed(SECRET, &user("authenticated"))),
            ["token_not_admin"]
        );
        assert_eq!(codes(&signed(SECRET, &user("other"))), ["token_audience"]);
        assert_eq!(
            codes(&signed(SECRET, &json!({ "exp": now + 60 }))),
            ["token_no_role"]
        );
        let text = json!({ "role": "service_role", "exp": "soon" });
        assert_eq!(codes(&signed(SECRET, &text)), ["token_claims"]);
    }
}
