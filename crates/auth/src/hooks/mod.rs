//! Where operators have a say: functions in the database or services elsewhere that are asked at certain moments.

mod http;

use std::time::Duration;

use chrono::Utc;
use deadpool_postgres::GenericClient;
use serde_json::{Value, json};

use crate::service::Inner;
use crate::{Error, StartError};
use http::Web;

/// The moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    AccessToken,
    SendEmail,
    SendSms,
    BeforeUserCreated,
    AfterUserCreated,
    PasswordAttempt,
    FactorAttempt,
}

impl Moment {
    /// `metadata.name`
    fn name(self) -> &'static str {
        match self {
            Self::AccessToken => "customize-access-token",
            Self::SendEmail => "send-email",
            Self::SendSms => "send-sms",
            Self::BeforeUserCreated => "before-user-created",
            Self::AfterUserCreated => "after-user-created",
            Self::PasswordAttempt => "password-verification",
            Self::FactorAttempt => "mfa-verification",
        }
    }
}

/// Who is asked.
#[derive(Debug)]
enum Place {
    /// A function, as SQL that calls it.
    Function(String),
    Web(Box<Web>),
}

/// Who is asked at each moment, if anybody.
#[derive(Debug)]
pub(crate) struct Hooks {
    access_token: Option<Place>,
    send_email: Option<Place>,
    send_sms: Option<Place>,
    before_user_created: Option<Place>,
    after_user_created: Option<Place>,
    password_attempt: Option<Place>,
    factor_attempt: Option<Place>,
}

/// How long a function may take.
const PATIENCE: Duration = Duration::from_secs(2);

impl Hooks {
    #[rustfmt::skip]
    pub(crate) fn new(s: &settings::Auth) -> Result<Self, StartError> {
        Ok(Self {
            access_token: place("auth.hook_custom_access_token_uri", s.hook_custom_access_token_enabled, &s.hook_custom_access_token_uri, &s.hook_custom_access_token_secrets)?,
            send_email: place("auth.hook_send_email_uri", s.hook_send_email_enabled, &s.hook_send_email_uri, &s.hook_send_email_secrets)?,
            send_sms: place("auth.hook_send_sms_uri", s.hook_send_sms_enabled, &s.hook_send_sms_uri, &s.hook_send_sms_secrets)?,
            before_user_created: place("auth.hook_before_user_created_uri", s.hook_before_user_created_enabled, &s.hook_before_user_created_uri, &s.hook_before_user_created_secrets)?,
            after_user_created: place("auth.hook_after_user_created_uri", s.hook_after_user_created_enabled, &s.hook_after_user_created_uri, &s.hook_after_user_created_secrets)?,
            password_attempt: place("auth.hook_password_verification_attempt_uri", s.hook_password_verification_attempt_enabled, &s.hook_password_verification_attempt_uri, &s.hook_password_verification_attempt_secrets)?,
            factor_attempt: place("auth.hook_mfa_verification_attempt_uri", s.hook_mfa_verification_attempt_enabled, &s.hook_mfa_verification_attempt_uri, &s.hook_mfa_verification_attempt_secrets)?,
        })
    }

    fn at(&self, moment: Moment) -> Option<&Place> {
        match moment {
            Moment::AccessToken => self.access_token.as_ref(),
            Moment::SendEmail => self.send_email.as_ref(),
            Moment::SendSms => self.send_sms.as_ref(),
            Moment::BeforeUserCreated => self.before_user_created.as_ref(),
            Moment::AfterUserCreated => self.after_user_created.as_ref(),
            Moment::PasswordAttempt => self.password_attempt.as_ref(),
            Moment::FactorAttempt => self.factor_attempt.as_ref(),
        }
    }

    /// Whether anybody is asked.
    pub(crate) fn listens(&self, moment: Moment) -> bool {
        self.at(moment).is_some()
    }
}

/// AUTH-HOOK-02
fn place(
    name: &'static str,
    enabled: bool,
    uri: &str,
    secrets: &base::Secret,
) -> Result<Option<Place>, StartError> {
    if !enabled {
        return Ok(None);
    }
    let wrong = |why: &str| StartError::Setting(name, why.to_owned());
    if let Some(path) = uri.strip_prefix("pg-functions://postgres/") {
        let (schema, function) = path
            .split_once('/')
            .ok_or_else(|| wrong("names no schema and function"))?;
        if !is_name(schema) || !is_name(function) {
            return Err(wrong("names no schema and function"));
        }
        let call = format!(
            "select {}.{}($1::jsonb)::jsonb",
            sql::Ident::new(schema),
            sql::Ident::new(function)
        );
        return Ok(Some(Place::Function(call)));
    }
    let web = Web::new(uri, secrets).map_err(|why| wrong(&why))?;
    Ok(Some(Place::Web(Box::new(web))))
}

fn is_name(text: &str) -> bool {
    let first = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    first && text.len() <= 63 && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Asks, if anybody listens; what they answered. An error of theirs is the request's.
pub(crate) async fn ask(
    service: &Inner,
    client: &impl GenericClient,
    moment: Moment,
    mut payload: Value,
) -> Result<Option<Value>, Error> {
    let Some(place) = service.hooks.at(moment) else {
        return Ok(None);
    };
    let time: chrono::DateTime<Utc> = service.now();
    payload["metadata"] = json!({
        "uuid": service.random.uuid(), "time": crate::time::rfc3339(time), "name": moment.name(),
    });
    let answer = match place {
        Place::Function(call) => function(client, call, &payload).await?,
        Place::Web(web) => web.ask(service, &payload).await?,
    };
    metrics::counter!("auth_hooks_total", "hook" => moment.name()).increment(1);
    // AUTH-HOOK-06
    let error = &answer["error"];
    if let Some(message) = error["message"]
        .as_str()
        .filter(|message| !message.is_empty())
    {
        let status = error["http_code"]
            .as_u64()
            .and_then(|code| u16::try_from(code).ok());
        let status = status
            .filter(|status| (400..600).contains(status))
            .unwrap_or(500);
        return Err(Error::Hook(status, code_of(status), message.to_owned()));
    }
    Ok(Some(answer))
}

fn code_of(status: u16) -> &'static str {
    if status == 500 {
        "unexpected_failure"
    } else {
        "unknown"
    }
}

/// AUTH-HOOK-03
async fn function(
    client: &impl GenericClient,
    call: &str,
    payload: &Value,
) -> Result<Value, Error> {
    let limit = format!("{}ms", PATIENCE.as_millis());
    let sql = "select set_config('statement_timeout', $1, true)";
    crate::db::first(client, sql, &[&limit]).await?;
    let answer = crate::db::first(client, call, &[payload])
        .await
        .map_err(|error| error.trying("Error running hook URI"))?;
    crate::db::first(client, sql, &[&"0"]).await?;
    let answer: Option<Value> = match answer {
        Some(row) => row.try_get(0)?,
        None => None,
    };
    Ok(answer.unwrap_or(Value::Null))
}

/// The claims of an access token, as the operator wants them.
pub(crate) async fn claims(
    service: &Inner,
    client: &impl GenericClient,
    claims: Value,
    method: &str,
) -> Result<Value, Error> {
    if !service.hooks.listens(Moment::AccessToken) {
        return Ok(claims);
    }
    let payload =
        json!({ "user_id": claims["sub"], "claims": claims, "authentication_method": method });
    let answer = ask(service, client, Moment::AccessToken, payload)
        .await?
        .unwrap_or_default();
    let wrong = |why: &str| Error::Hook(500, "unexpected_failure", why.to_owned());
    let told = match answer.get("claims") {
        None | Some(Value::Null) => return Err(wrong("output claims field is missing")),
        Some(told) => told.clone(),
    };
    // AUTH-HOOK-07
    if let Some(name) = misfit(&told) {
        let why = format!("output claims do not conform to the expected schema: \n- {name}\n");
        return Err(wrong(&why));
    }
    Ok(told)
}

/// What is wrong with claims.
fn misfit(claims: &Value) -> Option<String> {
    let Some(object) = claims.as_object() else {
        return Some("(root): Invalid type".into());
    };
    let texts = ["sub", "email", "phone", "role", "aal", "session_id"];
    let fits = |name: &str, value: &Value| match name {
        "aud" => value.is_string() || value.is_array(),
        "exp" | "iat" => value.is_i64() || value.is_u64(),
        "is_anonymous" => value.is_boolean(),
        _ => value.is_string(),
    };
    let required = ["aud", "exp", "iat", "is_anonymous"]
        .into_iter()
        .chain(texts);
    for name in required {
        match object.get(name) {
            None => return Some(format!("(root): {name} is required")),
            Some(value) if !fits(name, value) => return Some(format!("{name}: Invalid type")),
            Some(_) => {}
        }
    }
    let known = |name: &&str| match *name {
        "app_metadata" | "user_metadata" => Value::is_object(&object[*name]),
        "amr" => Value::is_array(&object[*name]),
        "nbf" => Value::is_number(&object[*name]),
        _ => Value::is_string(&object[*name]),
    };
    let optional = ["app_metadata", "user_metadata", "amr", "nbf", "iss", "jti"];
    let bad = optional
        .into_iter()
        .filter(|name| object.contains_key(*name))
        .find(|name| !known(name));
    bad.map(|name| format!("{name}: Invalid type"))
}

/// Whether the operator lets an attempt count: `Some` holds the words of a refusal, and whether all sessions end.
pub(crate) async fn refusal(
    service: &Inner,
    client: &impl GenericClient,
    moment: Moment,
    payload: Value,
) -> Result<Option<(Option<String>, bool)>, Error> {
    let Some(answer) = ask(service, client, moment, payload).await? else {
        return Ok(None);
    };
    if answer["decision"] != "reject" {
        return Ok(None);
    }
    let message = answer["message"]
        .as_str()
        .filter(|message| !message.is_empty());
    Ok(Some((
        message.map(str::to_owned),
        answer["should_logout_user"] == json!(true),
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Secret;

    #[test]
    fn only_known_kinds_of_places_are_asked() {
        // AUTH-HOOK-02
        let secret = Secret::new(format!("v1,whsec_{}", "YWJj".repeat(8)));
        let good = |uri: &str| place("x", true, uri, &secret).is_ok();
        for uri in [
            "pg-functions://postgres/public/my_hook",
            "https://a.b/c",
            "http://localhost:3000/x",
            "http://127.0.0.1",
            "http://[::1]:3000/",
            "http://host.docker.internal/",
        ] {
            assert!(good(uri), "{uri}");
        }
        for uri in [
            "",
            "pg-functions://postgres/public",
            "pg-functions://postgres/public/a;b",
            "pg-functions://other/public/a",
            "http://a.b/c",
            "ftp://a.b",
            "http://localhost.evil.com/",
        ] {
            assert!(!good(uri), "{uri}");
        }
        assert!(place("x", true, "https://a.b/c", &Secret::default()).is_err());
        assert!(
            place("x", false, "nonsense", &Secret::default())
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn claims_have_to_be_whole() {
        // AUTH-HOOK-07
        let good = json!({"aud": "a", "exp": 1, "iat": 1, "sub": "s", "email": "", "phone": "", "role": "r", "aal": "aal1",
            "session_id": "x", "is_anonymous": false, "more": {"of": "it"}});
        assert_eq!(misfit(&good), None);
        for name in [
            "aud",
            "exp",
            "iat",
            "sub",
            "email",
            "phone",
            "role",
            "aal",
            "session_id",
            "is_anonymous",
        ] {
            let mut wrong = good.clone();
            wrong[name] = json!({});
            assert!(misfit(&wrong).is_some(), "{name}");
            wrong.as_object_mut().unwrap().shift_remove(name);
            assert!(misfit(&wrong).is_some(), "{name}");
        }
        assert!(misfit(&json!([])).is_some());
    }
}
