//! Is it a person? Asked of the operator's captcha provider.

use serde_json::Value;

use crate::ask::Ask;
use crate::service::Inner;
use crate::{Error, StartError, bearer};

/// The provider of captchas.
#[derive(Debug)]
pub(crate) struct Captcha {
    url: String,
    http: reqwest::Client,
}

impl Captcha {
    /// `None` when nobody is asked.
    pub(crate) fn new(settings: &settings::Auth) -> Result<Option<Self>, StartError> {
        if !settings.captcha_enabled {
            return Ok(None);
        }
        let usual = match settings.captcha_provider.as_str() {
            "hcaptcha" => "https://hcaptcha.com/siteverify",
            "turnstile" => "https://challenges.cloudflare.com/turnstile/v0/siteverify",
            other => {
                let why = format!("{other:?} is neither hcaptcha nor turnstile");
                return Err(StartError::Setting("auth.captcha_provider", why));
            }
        };
        if settings.captcha_secret.is_empty() {
            return Err(StartError::Setting(
                "auth.captcha_secret",
                "is missing".into(),
            ));
        }
        let http = web::outgoing()
            .timeout(settings.captcha_timeout)
            .build()
            .map_err(|error| StartError::Setting("auth.captcha_provider", error.to_string()))?;
        let url = Some(settings.captcha_url.clone()).filter(|url| !url.is_empty());
        Ok(Some(Self {
            url: url.unwrap_or_else(|| usual.into()),
            http,
        }))
    }

    async fn verify(
        &self,
        secret: &str,
        token: &str,
        ip: Option<String>,
    ) -> Result<Value, reqwest::Error> {
        let mut form = vec![
            ("secret", secret.to_owned()),
            ("response", token.to_owned()),
        ];
        form.extend(ip.map(|ip| ("remoteip", ip)));
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&form)
            .finish();
        let request = self
            .http
            .post(&self.url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        request.send().await?.json().await
    }
}

/// Refuses who does not show that they are a person, where that is asked for. Admins need not.
pub(crate) async fn check(service: &Inner, ask: &Ask) -> Result<(), Error> {
    let Some(captcha) = &service.captcha else {
        return Ok(());
    };
    if bearer::is_admins(service, ask) {
        return Ok(());
    }
    let body: Value = serde_json::from_slice(&ask.body).unwrap_or_default();
    let token = body["gotrue_meta_security"]["captcha_token"]
        .as_str()
        .unwrap_or_default()
        .trim();
    if token.is_empty() {
        return Err(Error::Captcha("no captcha_token found".into()));
    }
    let (secret, ip) = (
        service.settings.captcha_secret.expose(),
        ask.ip().map(|ip| ip.to_string()),
    );
    let told = captcha
        .verify(secret, token, ip)
        .await
        .map_err(|error| Error::CaptchaDown(error.without_url().to_string()))?;
    if told["success"] == Value::Bool(true) {
        return Ok(());
    }
    let codes = told["error-codes"].as_array().into_iter().flatten();
    let codes: Vec<&str> = codes.filter_map(Value::as_str).collect();
    Err(Error::Captcha(codes.join(", ")))
}
