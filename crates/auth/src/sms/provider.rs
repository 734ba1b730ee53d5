//! The providers: how each is asked, and how its answer is read.

use serde_json::{Value, json};
use settings::Auth as Settings;

/// A call of a provider.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) url: String,
    pub(super) form: Vec<(&'static str, String)>,
    pub(super) basic: Option<(String, String)>,
    pub(super) authorization: Option<String>,
    /// The message's id, or what went wrong.
    pub(super) read: fn(u16, &Value) -> Result<String, String>,
}

/// Who sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    Twilio,
    TwilioVerify,
    Messagebird,
    Vonage,
    Textlocal,
}

/// A configured provider.
pub(super) struct Provider {
    name: Name,
    base: String,
    account: String,
    secret: String,
    sender: String,
    content: String,
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Provider({:?})", self.name)
    }
}

impl Provider {
    /// `None` without a name; an error when something that it needs is missing.
    #[rustfmt::skip]
    pub(super) fn new(s: &Settings) -> Result<Option<Self>, String> {
        let none = String::new();
        let (name, base, account, secret, sender) = match s.sms_provider.as_str() {
            "" => return Ok(None),
            "twilio" => (Name::Twilio, "https://api.twilio.com", &s.sms_twilio_account_sid, s.sms_twilio_auth_token.expose(), &s.sms_twilio_message_service_sid),
            "twilio_verify" => (Name::TwilioVerify, "https://verify.twilio.com", &s.sms_twilio_verify_account_sid, s.sms_twilio_verify_auth_token.expose(), &s.sms_twilio_verify_message_service_sid),
            "messagebird" => (Name::Messagebird, "https://rest.messagebird.com", &none, s.sms_messagebird_access_key.expose(), &s.sms_messagebird_originator),
            "vonage" => (Name::Vonage, "https://rest.nexmo.com", &s.sms_vonage_api_key, s.sms_vonage_api_secret.expose(), &s.sms_vonage_from),
            "textlocal" => (Name::Textlocal, "https://api.textlocal.in", &none, s.sms_textlocal_api_key.expose(), &s.sms_textlocal_sender),
            other => return Err(format!("{other:?} is none of twilio, twilio_verify, messagebird, vonage, textlocal")),
        };
        let has_account = !matches!(name, Name::Messagebird | Name::Textlocal);
        if secret.is_empty() || sender.is_empty() || (has_account && account.is_empty()) {
            return Err(format!("the credentials of {} are incomplete", s.sms_provider));
        }
        let base = if s.sms_provider_url.is_empty() { base } else { s.sms_provider_url.trim_end_matches('/') };
        Ok(Some(Self {
            name,
            base: base.to_owned(),
            account: account.clone(),
            secret: secret.to_owned(),
            sender: sender.clone(),
            content: s.sms_twilio_content_sid.clone(),
        }))
    }

    pub(super) fn speaks_whatsapp(&self) -> bool {
        matches!(self.name, Name::Twilio | Name::TwilioVerify)
    }

    /// Sends `text`, in which `code` is, to a number of digits.
    pub(super) fn message(&self, phone: &str, text: &str, code: &str, channel: &str) -> Request {
        let channel = if channel == "whatsapp" {
            "whatsapp"
        } else {
            "sms"
        };
        let (path, form): (String, Vec<(&'static str, String)>) = match self.name {
            Name::Twilio => (
                format!("/2010-04-01/Accounts/{}/Messages.json", self.account),
                self.twilio_form(phone, text, code, channel),
            ),
            Name::TwilioVerify => (
                format!("/v2/Services/{}/Verifications", self.sender),
                vec![("To", format!("+{phone}")), ("Channel", channel.into())],
            ),
            Name::Messagebird => (
                "/messages".into(),
                vec![
                    ("originator", self.sender.clone()),
                    ("body", text.into()),
                    ("recipients", phone.into()),
                    ("type", "sms".into()),
                    ("datacoding", "unicode".into()),
                ],
            ),
            Name::Vonage => {
                let mut form = vec![
                    ("from", self.sender.clone()),
                    ("to", phone.into()),
                    ("text", text.into()),
                    ("api_key", self.account.clone()),
                    ("api_secret", self.secret.clone()),
                ];
                if !text.is_ascii() {
                    form.push(("type", "unicode".into()));
                }
                ("/sms/json".into(), form)
            }
            Name::Textlocal => (
                "/send".into(),
                vec![
                    ("sender", self.sender.clone()),
                    ("apikey", self.secret.clone()),
                    ("message", text.into()),
                    ("numbers", phone.into()),
                ],
            ),
        };
        let read = match self.name {
            Name::Twilio | Name::TwilioVerify => twilio,
            Name::Messagebird => messagebird,
            Name::Vonage => vonage,
            Name::Textlocal => textlocal,
        };
        self.request(&path, form, read)
    }

    /// Asks the provider whether a code is right, if it is the one who knows.
    pub(super) fn check(&self, phone: &str, code: &str) -> Option<Request> {
        let path = format!("/v2/Services/{}/VerificationCheck", self.sender);
        let form = vec![("To", format!("+{phone}")), ("Code", code.to_owned())];
        (self.name == Name::TwilioVerify).then(|| self.request(&path, form, approved))
    }

    fn twilio_form(
        &self,
        phone: &str,
        text: &str,
        code: &str,
        channel: &str,
    ) -> Vec<(&'static str, String)> {
        let (mut to, mut from) = (format!("+{phone}"), self.sender.clone());
        let mut form = Vec::new();
        if channel == "whatsapp" {
            to = format!("whatsapp:{to}");
            let number = from.trim_start_matches('+');
            // A service's name stays as it is.
            if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
                from = format!("whatsapp:+{number}");
            }
            if !self.content.is_empty() {
                form.push(("ContentSid", self.content.clone()));
                form.push(("ContentVariables", json!({ "1": code }).to_string()));
            }
        }
        form.extend([
            ("To", to),
            ("Channel", channel.into()),
            ("From", from),
            ("Body", text.into()),
        ]);
        form
    }

    fn request(
        &self,
        path: &str,
        form: Vec<(&'static str, String)>,
        read: fn(u16, &Value) -> Result<String, String>,
    ) -> Request {
        let twilio = self.speaks_whatsapp();
        let key = format!("AccessKey {}", self.secret);
        Request {
            url: format!("{}{path}", self.base),
            form,
            basic: twilio.then(|| (self.account.clone(), self.secret.clone())),
            authorization: (self.name == Name::Messagebird).then_some(key),
            read,
        }
    }
}

/// A member as text, whatever its type.
fn told(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn twilio(status: u16, body: &Value) -> Result<String, String> {
    if !matches!(status, 200 | 201) {
        return Err(format!(
            "{} More information: {}",
            told(&body["message"]),
            told(&body["more_info"])
        ));
    }
    if matches!(body["status"].as_str(), Some("failed" | "undelivered")) {
        let (code, why, id) = (&body["error_code"], &body["error_message"], &body["sid"]);
        return Err(format!(
            "twilio error: {} {} for message {}",
            told(why),
            told(code),
            told(id)
        ));
    }
    Ok(body["sid"].as_str().unwrap_or_default().to_owned())
}

fn approved(status: u16, body: &Value) -> Result<String, String> {
    let id = twilio(status, body)?;
    if body["status"] == "approved" && body["valid"] != json!(false) {
        return Ok(id);
    }
    Err("twilio verification error".into())
}

fn messagebird(status: u16, body: &Value) -> Result<String, String> {
    if status != 201 {
        let error = &body["errors"][0];
        let (code, why, name) = (&error["code"], &error["description"], &error["parameter"]);
        return Err(format!(
            "messagebird error: code: {}, description: {}, parameter: {}",
            told(code),
            told(why),
            told(name)
        ));
    }
    if body["recipients"]["totalSentCount"] == json!(0) {
        return Err("messagebird error: total sent count is 0".into());
    }
    Ok(body["id"].as_str().unwrap_or_default().to_owned())
}

fn vonage(_: u16, body: &Value) -> Result<String, String> {
    let Some(messages) = body["messages"].as_array().filter(|list| !list.is_empty()) else {
        return Err("vonage error: Internal Error".into());
    };
    if let Some(bad) = messages.iter().find(|message| message["status"] != "0") {
        return Err(format!(
            "vonage error: {} (status: {})",
            told(&bad["error-text"]),
            told(&bad["status"])
        ));
    }
    Ok(messages[0]["message-id"]
        .as_str()
        .unwrap_or_default()
        .to_owned())
}

fn textlocal(_: u16, body: &Value) -> Result<String, String> {
    if body["status"] != "success" {
        let error = &body["errors"][0];
        return Err(format!(
            "textlocal error: {} (code: {})",
            told(&error["message"]),
            told(&error["code"])
        ));
    }
    Ok(told(&body["messages"][0]["id"]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Secret;

    fn settings(name: &str) -> Settings {
        let mut s = Settings::default();
        s.sms_provider = name.into();
        s.sms_twilio_account_sid = "AC1".into();
        s.sms_twilio_auth_token = Secret::new("token");
        s.sms_twilio_message_service_sid = "+15005550006".into();
        s.sms_twilio_content_sid = "HX1".into();
        s.sms_twilio_verify_account_sid = "AC2".into();
        s.sms_twilio_verify_auth_token = Secret::new("token");
        s.sms_twilio_verify_message_service_sid = "VA1".into();
        s.sms_messagebird_access_key = Secret::new("key");
        s.sms_messagebird_originator = "Us".into();
        s.sms_vonage_api_key = "key".into();
        s.sms_vonage_api_secret = Secret::new("secret");
        s.sms_vonage_from = "Us".into();
        s.sms_textlocal_api_key = Secret::new("key");
        s.sms_textlocal_sender = "US".into();
        s
    }

    fn provider(name: &str) -> Provider {
        Provider::new(&settings(name)).unwrap().unwrap()
    }

    fn get<'a>(request: &'a Request, name: &str) -> &'a str {
        request
            .form
            .iter()
            .find(|(key, _)| *key == name)
            .map_or("", |(_, value)| value)
    }

    #[test]
    fn each_provider_is_asked_in_its_own_way() {
        // AUTH-SMS-01
        let sent = |name: &str, channel: &str| {
            provider(name).message("4915112345", "Code 1", "1", channel)
        };
        let twilio = sent("twilio", "sms");
        assert_eq!(
            twilio.url,
            "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json"
        );
        assert_eq!(
            (
                get(&twilio, "To"),
                get(&twilio, "From"),
                get(&twilio, "Body")
            ),
            ("+4915112345", "+15005550006", "Code 1")
        );
        assert_eq!(twilio.basic, Some(("AC1".into(), "token".into())));
        let whatsapp = sent("twilio", "whatsapp");
        assert_eq!(
            (get(&whatsapp, "To"), get(&whatsapp, "From")),
            ("whatsapp:+4915112345", "whatsapp:+15005550006")
        );
        assert_eq!(
            (
                get(&whatsapp, "ContentSid"),
                get(&whatsapp, "ContentVariables")
            ),
            ("HX1", "{\"1\":\"1\"}")
        );
        let verify = sent("twilio_verify", "");
        assert_eq!(
            verify.url,
            "https://verify.twilio.com/v2/Services/VA1/Verifications"
        );
        assert_eq!(get(&verify, "Channel"), "sms");
        let check = provider("twilio_verify").check("49", "123456").unwrap();
        assert!(check.url.ends_with("/VerificationCheck") && get(&check, "Code") == "123456");
        assert!(provider("twilio").check("49", "1").is_none());
        let messagebird = sent("messagebird", "");
        assert_eq!(messagebird.authorization.as_deref(), Some("AccessKey key"));
        assert_eq!(get(&messagebird, "recipients"), "4915112345");
        assert_eq!(get(&sent("vonage", ""), "type"), "");
        let unicode = provider("vonage").message("49", "Kód 1", "1", "");
        assert_eq!(
            (get(&unicode, "type"), get(&unicode, "api_secret")),
            ("unicode", "secret")
        );
        assert_eq!(get(&sent("textlocal", ""), "numbers"), "4915112345");
        assert!(Provider::new(&settings("pigeon")).is_err());
        assert!(Provider::new(&settings("")).unwrap().is_none());
        let mut poor = settings("twilio");
        poor.sms_twilio_account_sid.clear();
        assert!(Provider::new(&poor).is_err());
    }

    #[test]
    fn answers_are_read() {
        // AUTH-SMS-03
        assert_eq!(
            twilio(201, &json!({"sid": "SM1", "status": "queued"})),
            Ok("SM1".into())
        );
        assert!(
            twilio(
                201,
                &json!({"sid": "SM1", "status": "failed", "error_code": "1"})
            )
            .is_err()
        );
        assert_eq!(
            twilio(400, &json!({"message": "no", "more_info": "x"})),
            Err("no More information: x".into())
        );
        assert!(
            approved(
                200,
                &json!({"sid": "VE1", "status": "approved", "valid": true})
            )
            .is_ok()
        );
        assert!(approved(200, &json!({"sid": "VE1", "status": "pending"})).is_err());
        assert_eq!(
            messagebird(
                201,
                &json!({"id": "m", "recipients": {"totalSentCount": 1}})
            ),
            Ok("m".into())
        );
        assert!(messagebird(422, &json!({"errors": [{"code": 9}]})).is_err());
        assert_eq!(
            vonage(
                200,
                &json!({"messages": [{"status": "0", "message-id": "v"}]})
            ),
            Ok("v".into())
        );
        assert!(
            vonage(
                200,
                &json!({"messages": [{"status": "4", "error-text": "no"}]})
            )
            .is_err()
                && vonage(200, &json!({})).is_err()
        );
        assert_eq!(
            textlocal(
                200,
                &json!({"status": "success", "messages": [{"id": "t"}]})
            ),
            Ok("t".into())
        );
        assert!(textlocal(200, &json!({"status": "failure", "errors": [{"code": 3}]})).is_err());
    }
}
