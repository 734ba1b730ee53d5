//! A mailbox in memory, for development: what would have been sent can be read in the browser and by API.
//!
//! The API is the part of Mailpit's that tests of applications use: `api/v1/messages`, `api/v1/message/{id}`.

use std::collections::VecDeque;
use std::sync::Mutex;

use axum::body::Body;
use axum::response::Response;
use futures_util::future::BoxFuture;
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};

use super::{Mailer, Message, SendError};
use crate::Error;
use crate::template::Template;

/// Older mail is forgotten.
const MOST: usize = 500;

/// The newest mails, newest first.
#[derive(Debug, Default)]
pub(crate) struct Mailbox(Mutex<VecDeque<Message>>);

const LIST: &str = include_str!("mailbox/list.html");
const ONE: &str = include_str!("mailbox/one.html");

impl Mailer for Mailbox {
    fn send<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<(), SendError>> {
        Box::pin(async move {
            let mut kept = self.0.lock().expect("nothing panics under this lock");
            // A repeated attempt is the same mail.
            kept.retain(|known| known.id != message.id);
            kept.push_front(message.clone());
            kept.truncate(MOST);
            Ok(())
        })
    }
}

impl Mailbox {
    /// Answers below `/mailbox`.
    pub(crate) fn answer(
        &self,
        method: &Method,
        path: &[&str],
        query: &str,
    ) -> Result<Response, Error> {
        match (method, path) {
            (&Method::GET, []) => self.page(LIST, &json!({ "Messages": self.all() })),
            (&Method::GET, ["message", id]) => self.page(ONE, &summary(&self.find(id)?)),
            (&Method::GET, ["message", id, "body"]) => Ok(body(self.find(id)?.html)),
            (&Method::GET, ["api", "v1", "messages" | "search"]) => {
                let wanted = recipient(query);
                let all: Vec<Value> = self.all();
                let total = all.len();
                let found: Vec<_> = all
                    .into_iter()
                    .filter(|mail| {
                        wanted
                            .as_ref()
                            .is_none_or(|wanted| mail["To"][0]["Address"] == json!(wanted))
                    })
                    .collect();
                Ok(json_response(
                    &json!({ "total": total, "messages_count": found.len(), "messages": found }),
                ))
            }
            (&Method::GET, ["api", "v1", "message", id]) => {
                let message = self.find(id)?;
                let mut shown = summary(&message);
                shown["HTML"] = json!(message.html);
                Ok(json_response(&shown))
            }
            (&Method::DELETE, ["api", "v1", "messages"]) => {
                self.0
                    .lock()
                    .expect("nothing panics under this lock")
                    .clear();
                Ok(json_response(&json!({})))
            }
            _ => Err(Error::NoRoute),
        }
    }

    fn all(&self) -> Vec<Value> {
        let kept = self.0.lock().expect("nothing panics under this lock");
        kept.iter().map(summary).collect()
    }

    fn find(&self, id: &str) -> Result<Message, Error> {
        let kept = self.0.lock().expect("nothing panics under this lock");
        let found = match id {
            "latest" => kept.front(),
            id => kept.iter().find(|message| message.id == id),
        };
        found.cloned().ok_or(Error::NoRoute)
    }

    #[expect(clippy::unused_self, reason = "reads like the others")]
    fn page(&self, template: &str, data: &Value) -> Result<Response, Error> {
        let filled = Template::parse(template).and_then(|template| template.html(data));
        let html = filled.map_err(|fault| Error::Internal(fault.to_string()))?;
        Ok(html_response(
            html,
            "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; frame-ancestors 'self'",
        ))
    }
}

/// `query=to:ada@example.com`
fn recipient(query: &str) -> Option<String> {
    let (_, text) =
        url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "query")?;
    let address = text.trim().strip_prefix("to:")?;
    Some(address.trim_matches('"').to_ascii_lowercase())
}

fn summary(message: &Message) -> Value {
    json!({
        "ID": message.id,
        "To": [{ "Name": "", "Address": message.to }],
        "Subject": message.subject,
        "Created": crate::time::rfc3339(message.date),
        "Tags": [message.kind],
    })
}

fn json_response(body: &Value) -> Response {
    web::json_response_as(crate::error::JSON, StatusCode::OK, body)
}

/// The mail itself: no script runs, links open outside the frame.
fn body(html: String) -> Response {
    html_response(
        html,
        "sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation; \
         default-src 'none'; style-src 'unsafe-inline'; img-src * data:; frame-ancestors 'self'",
    )
}

fn html_response(html: String, policy: &'static str) -> Response {
    let mut response = Response::new(Body::from(html));
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}
