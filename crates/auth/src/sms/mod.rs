//! Text messages: codes to phones, by the provider that the operator has.
//!
//! A message is sent within the request, since the client is told its id; only few at a time, because each holds a
//! connection to the database meanwhile.

mod provider;

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use deadpool_postgres::GenericClient;
use serde_json::json;
use tokio::sync::Semaphore;

use crate::hooks::{self, Moment};
use crate::mail::Quota;
use crate::otp::{self, Slot};
use crate::service::Inner;
use crate::template::Template;
use crate::user::User;
use crate::{Error, StartError};
use provider::{Provider, Request};

const PATIENCE: Duration = Duration::from_secs(5);
const AT_ONCE: usize = 4;
/// The id of messages that are not sent.
const TEST_ID: &str = "test-otp";

/// Everything that text messages need.
#[derive(Debug)]
pub(crate) struct Texts {
    provider: Option<Provider>,
    template: Template,
    factor_template: Template,
    test_codes: HashMap<String, String>,
    test_until: Option<DateTime<Utc>>,
    quota: Quota,
    http: reqwest::Client,
    places: Semaphore,
}

/// What a message is for; the word that failures carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Confirmation,
    PhoneChange,
    Reauthentication,
}

impl Purpose {
    fn word(self) -> &'static str {
        match self {
            Self::Confirmation => "confirmation",
            Self::PhoneChange => "phone_change",
            Self::Reauthentication => "reauthentication",
        }
    }

    fn slot(self) -> Slot {
        match self {
            Self::Confirmation => Slot::Confirmation,
            Self::PhoneChange => Slot::PhoneChange,
            Self::Reauthentication => Slot::Reauthentication,
        }
    }

    fn sent(self, user: &User) -> Option<DateTime<Utc>> {
        match self {
            Self::Confirmation => user.times.confirmation_sent,
            Self::PhoneChange => user.times.phone_change_sent,
            Self::Reauthentication => user.times.reauthentication_sent,
        }
    }
}

impl Texts {
    pub(crate) fn new(settings: &settings::Auth) -> Result<Self, StartError> {
        let wrong = |name, why: &str| StartError::Setting(name, why.to_owned());
        let until = &settings.sms_test_otp_valid_until;
        let test_until = match until.as_str() {
            "" => None,
            text => Some(
                DateTime::parse_from_rfc3339(text)
                    .map_err(|_| wrong("auth.sms_test_otp_valid_until", "is no time of RFC 3339"))?
                    .to_utc(),
            ),
        };
        Ok(Self {
            provider: Provider::new(settings)
                .map_err(|why| StartError::Setting("auth.sms_provider", why))?,
            template: Template::parse(&settings.sms_template)
                .map_err(|fault| StartError::Setting("auth.sms_template", fault.to_string()))?,
            factor_template: Template::parse(&settings.mfa_phone_template).map_err(|fault| {
                StartError::Setting("auth.mfa_phone_template", fault.to_string())
            })?,
            test_codes: test_codes(settings.sms_test_otp.expose())
                .ok_or_else(|| wrong("auth.sms_test_otp", "is not phone:code,…"))?,
            test_until,
            quota: Quota::parse(&settings.rate_limit_sms_sent).ok_or_else(|| {
                wrong(
                    "auth.rate_limit_sms_sent",
                    "is neither a number nor N/duration",
                )
            })?,
            http: web::outgoing()
                .timeout(PATIENCE)
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .map_err(|error| StartError::Setting("auth.sms_provider", error.to_string()))?,
            places: Semaphore::new(AT_ONCE),
        })
    }

    /// The code that is always good for a number, if it has one.
    fn test_code(&self, phone: &str, now: DateTime<Utc>) -> Option<&str> {
        let known = self.test_codes.get(phone)?;
        self.test_until
            .is_none_or(|until| now <= until)
            .then_some(known.as_str())
    }

    async fn ask(&self, request: Request) -> Result<String, String> {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&request.form)
            .finish();
        let mut builder = self
            .http
            .post(&request.url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        if let Some((user, password)) = &request.basic {
            builder = builder.basic_auth(user, Some(password));
        }
        if let Some(authorization) = &request.authorization {
            builder = builder.header("authorization", authorization);
        }
        // Addresses of providers hold account names: they are not told.
        let response = builder
            .send()
            .await
            .map_err(|error| error.without_url().to_string())?;
        let status = response.status().as_u16();
        let body: serde_json::Value = response
            .json()
            .await
            .map_err(|error| error.without_url().to_string())?;
        (request.read)(status, &body)
    }
}

/// `+4915112345:123456,…`; `=` is taken, too.
fn test_codes(text: &str) -> Option<HashMap<String, String>> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (phone, code) = part.split_once([':', '='])?;
            Some((
                phone.trim().trim_start_matches('+').to_owned(),
                code.trim().to_owned(),
            ))
        })
        .collect()
}

/// Sends a code to a number of a user; answers with the message's id.
pub(crate) async fn send(
    service: &Inner,
    client: &impl GenericClient,
    user: &User,
    phone: &str,
    channel: &str,
    purpose: Purpose,
) -> Result<String, Error> {
    let (texts, settings, now) = (&service.texts, &service.settings, service.now());
    if let Some(seconds) = otp::wait(purpose.sent(user), settings.sms_max_frequency, now) {
        return Err(Error::SmsSoon(seconds));
    }
    if let Some(code) = texts.test_code(phone, now) {
        otp::put(
            service,
            client,
            user.id,
            purpose.slot(),
            phone,
            &otp::hash(phone, code),
        )
        .await?;
        return Ok(TEST_ID.into());
    }
    if settings.rate_limits && !settings.phone_autoconfirm && !texts.quota.take(now) {
        return Err(Error::SmsQuota);
    }
    if service.hooks.listens(Moment::SendSms) {
        let code = otp::draw(service, settings.sms_otp_length);
        otp::put(
            service,
            client,
            user.id,
            purpose.slot(),
            phone,
            &otp::hash(phone, &code),
        )
        .await?;
        let payload = json!({ "user": user.json(), "sms": { "otp": code, "phone": phone } });
        hooks::ask(service, client, Moment::SendSms, payload).await?;
        return Ok(String::new());
    }
    let provider = texts.provider.as_ref().ok_or(Error::NoSmsProvider)?;
    if channel == "whatsapp" && !provider.speaks_whatsapp() {
        return Err(Error::validation(
            "Invalid channel, supported values are 'sms' or 'whatsapp'. 'whatsapp' is only supported if Twilio or \
             Twilio Verify is used as the provider.",
        ));
    }
    let code = otp::draw(service, settings.sms_otp_length);
    otp::put(
        service,
        client,
        user.id,
        purpose.slot(),
        phone,
        &otp::hash(phone, &code),
    )
    .await?;
    let text = texts
        .template
        .text(&json!({ "Code": code }))
        .map_err(|fault| Error::Internal(fault.to_string()))?;
    let Ok(_place) = texts.places.try_acquire() else {
        return Err(Error::Busy);
    };
    let sent = texts
        .ask(provider.message(phone, &text, &code, channel))
        .await;
    sent.map_err(|why| {
        Error::SmsFailed(format!(
            "Error sending {} OTP to provider: {why}",
            purpose.word()
        ))
    })
}

/// Sends the code of a second factor; answers with it.
pub(crate) async fn send_factor(
    service: &Inner,
    client: &impl GenericClient,
    user: &User,
    phone: &str,
    channel: &str,
) -> Result<String, Error> {
    let (texts, settings, now) = (&service.texts, &service.settings, service.now());
    if let Some(code) = texts.test_code(phone, now) {
        return Ok(code.to_owned());
    }
    if settings.rate_limits && !settings.phone_autoconfirm && !texts.quota.take(now) {
        return Err(Error::SmsQuota);
    }
    if service.hooks.listens(Moment::SendSms) {
        let code = otp::draw(service, settings.mfa_phone_otp_length);
        let sms = json!({ "otp": code, "phone": phone, "sms_type": "mfa" });
        let payload = json!({ "user": user.json(), "sms": sms });
        hooks::ask(service, client, Moment::SendSms, payload).await?;
        return Ok(code);
    }
    // The provider that makes codes itself cannot be told ours.
    let provider = texts
        .provider
        .as_ref()
        .filter(|provider| provider.check("", "").is_none());
    let provider = provider.ok_or(Error::NoSmsProvider)?;
    let code = otp::draw(service, settings.mfa_phone_otp_length);
    let text = texts
        .factor_template
        .text(&json!({ "Code": code }))
        .map_err(|fault| Error::Internal(fault.to_string()))?;
    let Ok(_place) = texts.places.try_acquire() else {
        return Err(Error::Busy);
    };
    let sent = texts
        .ask(provider.message(phone, &text, &code, channel))
        .await;
    sent.map_err(|why| Error::SmsFailed(format!("Error sending message: {why}")))?;
    Ok(code)
}

/// Whether a code is the one that was sent to a number (`stored`, at `sent`).
pub(crate) async fn is_right(
    service: &Inner,
    phone: &str,
    code: &str,
    stored: &str,
    sent: Option<DateTime<Utc>>,
) -> Result<bool, Error> {
    let (texts, now) = (&service.texts, service.now());
    if let Some(known) = texts.test_code(phone, now) {
        return Ok(base::constant_time_eq(known.as_bytes(), code.as_bytes()));
    }
    let fresh = otp::is_fresh(sent, service.settings.sms_otp_exp, now);
    let check = texts
        .provider
        .as_ref()
        .and_then(|provider| provider.check(phone, code));
    match check {
        // This provider knows the codes itself; ours only says that one was asked for.
        Some(request) if fresh && !stored.is_empty() => {
            let Ok(_place) = texts.places.try_acquire() else {
                return Err(Error::Busy);
            };
            Ok(texts.ask(request).await.is_ok())
        }
        Some(_) => Ok(false),
        None => Ok(fresh && otp::is_of(phone, code, stored)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_codes_are_read() {
        // AUTH-VERIFY-15
        let codes = test_codes("+4915112345:123456, 33123=000000,").unwrap();
        assert_eq!(codes["4915112345"], "123456");
        assert_eq!(codes["33123"], "000000");
        assert!(test_codes("").unwrap().is_empty());
        assert!(test_codes("4915112345").is_none());
    }
}
