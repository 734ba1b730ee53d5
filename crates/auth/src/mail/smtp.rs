//! Sending by SMTP.

use std::time::Duration;

use futures_util::future::BoxFuture;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use serde_json::Value;
use url::Url;

use super::{Mailer, Message, SendError};
use crate::StartError;

const PATIENCE: Duration = Duration::from_secs(10);

/// A mail server.
pub(super) struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    /// Names and values; `$messageType` in a value stands for the kind.
    headers: Vec<(HeaderName, String)>,
    /// The right side of message ids.
    host: String,
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Smtp")
            .field("from", &self.from.email)
            .finish_non_exhaustive()
    }
}

impl Smtp {
    pub(super) fn new(settings: &settings::Auth, public_url: &str) -> Result<Self, StartError> {
        let base = settings.external_url.as_deref().unwrap_or(public_url);
        let host = Url::parse(base)
            .ok()
            .and_then(|url| Some(url.host_str()?.to_owned()));
        let host = host.unwrap_or_else(|| "localhost".into());
        let address = match settings.smtp_admin_email.as_str() {
            "" => format!("noreply@{host}"),
            address => address.to_owned(),
        };
        let address: Address = address.parse().map_err(|_| {
            StartError::Setting(
                "auth.smtp_admin_email",
                format!("{address:?} is no address"),
            )
        })?;
        let name = Some(settings.smtp_sender_name.clone()).filter(|name| !name.is_empty());
        Ok(Self {
            transport: transport(settings, &host)?,
            from: Mailbox::new(name, address),
            headers: headers(&settings.smtp_headers)
                .map_err(|why| StartError::Setting("auth.smtp_headers", why))?,
            host,
        })
    }

    fn build(&self, message: &Message) -> Result<lettre::Message, SendError> {
        let never = |why: String| SendError::Never(why);
        let to: Address = message
            .to
            .parse()
            .map_err(|_| never("the address cannot be mailed to".into()))?;
        let mut builder: MessageBuilder = lettre::Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(&message.subject)
            .date(message.date.into())
            .message_id(Some(format!("<{}@{}>", message.id, self.host)))
            .header(ContentType::TEXT_HTML);
        for (name, value) in &self.headers {
            let value = value.replace("$messageType", message.kind);
            builder = builder.raw_header(HeaderValue::new(name.clone(), value));
        }
        builder
            .body(message.html.clone())
            .map_err(|error| never(error.to_string()))
    }
}

impl Mailer for Smtp {
    fn send<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<(), SendError>> {
        Box::pin(async move {
            let mail = self.build(message)?;
            match self.transport.send(mail).await {
                Ok(_) => Ok(()),
                // The server's words may repeat the address; its code says enough.
                Err(error) => Err(match error.status() {
                    Some(code) if error.is_permanent() => {
                        SendError::Never(format!("the mail server answered {code}"))
                    }
                    Some(code) => SendError::Later(format!("the mail server answered {code}")),
                    None => SendError::Later(error.to_string()),
                }),
            }
        })
    }
}

fn transport(
    settings: &settings::Auth,
    own_name: &str,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, StartError> {
    let host = settings.smtp_host.as_str();
    let logs_in = !settings.smtp_user.is_empty() || !settings.smtp_pass.is_empty();
    let near = matches!(host, "localhost" | "127.0.0.1" | "::1");
    let parameters = TlsParameters::new(host.to_owned())
        .map_err(|error| StartError::Setting("auth.smtp_host", error.to_string()))?;
    let tls = match settings.smtp_port {
        465 => Tls::Wrapper(parameters),
        // Whoever stands in between must not be able to have the password by keeping silent about TLS.
        _ if logs_in && !near => Tls::Required(parameters),
        _ => Tls::Opportunistic(parameters),
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
        .port(settings.smtp_port)
        .tls(tls)
        .hello_name(ClientId::Domain(own_name.to_owned()))
        .timeout(Some(PATIENCE));
    if logs_in {
        let (user, password) = (
            settings.smtp_user.clone(),
            settings.smtp_pass.expose().to_owned(),
        );
        builder = builder.credentials(Credentials::new(user, password));
    }
    Ok(builder.build())
}

/// `{"X-Name": ["value", …], …}`
fn headers(text: &str) -> Result<Vec<(HeaderName, String)>, String> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let wrong = || "is no JSON object of lists of texts".to_owned();
    let Value::Object(object) = serde_json::from_str(text).map_err(|_| wrong())? else {
        return Err(wrong());
    };
    let mut headers = Vec::new();
    for (name, values) in object {
        let token = !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b':');
        let known = HeaderName::new_from_ascii(name.clone())
            .ok()
            .filter(|_| token);
        let known = known.ok_or_else(|| format!("{name:?} is no header"))?;
        for value in values.as_array().ok_or_else(wrong)? {
            let value = value.as_str().ok_or_else(wrong)?;
            if value.contains(char::is_control) {
                return Err(wrong());
            }
            headers.push((known.clone(), value.to_owned()));
        }
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_headers_are_read_or_refused() {
        // AUTH-MAIL-01
        let read = headers("{\"X-Kind\": [\"$messageType\", \"b\"], \"X-B\": []}").unwrap();
        assert_eq!(read.len(), 2);
        for wrong in [
            "x",
            "[]",
            "{\"a b\": [\"c\"]}",
            "{\"a\": \"b\"}",
            "{\"a\": [1]}",
            "{\"a:\": [\"b\"]}",
            "{\"a\": [\"b\\r\\nc\"]}",
            "{\"\": [\"b\"]}",
        ] {
            assert!(headers(wrong).is_err(), "{wrong}");
        }
    }
}
