//! Where the texts come from: built in, from an address, or from a file.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base::SharedClock;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::{Kind, Letter, Message};
use crate::StartError;
use crate::template::Template;

/// How long a template may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// The texts of all kinds.
#[derive(Debug)]
pub(super) struct Templates {
    entries: HashMap<Kind, Entry>,
    http: reqwest::Client,
    clock: SharedClock,
    max_bytes: usize,
    max_age: TimeDelta,
    retry: TimeDelta,
}

#[derive(Debug)]
struct Entry {
    subject: Template,
    built_in_subject: Template,
    built_in: Arc<Template>,
    source: Option<Source>,
    fetched: Mutex<Fetched>,
}

#[derive(Debug)]
enum Source {
    Url(String),
    File(PathBuf),
}

/// The last good text, and when the source is asked again.
#[derive(Debug, Default)]
struct Fetched {
    template: Option<Arc<Template>>,
    good_until: Option<DateTime<Utc>>,
}

impl Templates {
    pub(super) fn new(settings: &settings::Auth, clock: SharedClock) -> Result<Self, StartError> {
        let http = web::outgoing()
            .timeout(PATIENCE)
            .build()
            .map_err(|error| StartError::Setting("auth.mailer_templates", error.to_string()))?;
        let mut entries = HashMap::new();
        for kind in Kind::ALL {
            entries.insert(*kind, entry(*kind, settings)?);
        }
        let span = |span: Duration| TimeDelta::from_std(span).unwrap_or(TimeDelta::MAX);
        Ok(Self {
            entries,
            http,
            clock,
            max_bytes: settings.mailer_template_max_size,
            max_age: span(settings.mailer_template_max_age),
            retry: span(settings.mailer_template_retry_interval),
        })
    }

    /// The mail that a letter becomes. A template that cannot be filled gives way to the built-in one.
    pub(super) async fn write(&self, letter: &Letter, id: Uuid, now: DateTime<Utc>) -> Message {
        let entry = &self.entries[&letter.kind];
        let template = self.current(letter.kind, entry).await;
        let html = template.html(&letter.variables).or_else(|fault| {
            tracing::warn!(kind = letter.kind.name(), %fault, "a template cannot be filled; the built-in one serves");
            entry.built_in.html(&letter.variables)
        });
        let subject = entry
            .subject
            .text(&letter.variables)
            .or_else(|_| entry.built_in_subject.text(&letter.variables));
        Message {
            id: id.to_string(),
            to: letter.to.clone(),
            kind: letter.kind.name(),
            subject: one_line(&subject.unwrap_or_default()),
            html: html.unwrap_or_default(),
            date: now,
        }
    }

    async fn current(&self, kind: Kind, entry: &Entry) -> Arc<Template> {
        let Some(source) = &entry.source else {
            return Arc::clone(&entry.built_in);
        };
        let mut fetched = entry.fetched.lock().await;
        let now = self.clock.now();
        if fetched.good_until.is_none_or(|until| until <= now) {
            let wait = match self.fetch(source).await {
                Ok(template) => {
                    fetched.template = Some(Arc::new(template));
                    self.max_age
                }
                Err(why) => {
                    tracing::warn!(kind = kind.name(), why, "a mail template cannot be had");
                    self.retry
                }
            };
            fetched.good_until = now.checked_add_signed(wait);
        }
        let template = fetched.template.as_ref().unwrap_or(&entry.built_in);
        Arc::clone(template)
    }

    async fn fetch(&self, source: &Source) -> Result<Template, String> {
        let text = match source {
            Source::File(path) => {
                let bytes = tokio::fs::read(path)
                    .await
                    .map_err(|error| error.to_string())?;
                self.text(bytes)?
            }
            Source::Url(url) => {
                let sent = self.http.get(url).send().await;
                let mut response = sent
                    .and_then(reqwest::Response::error_for_status)
                    .map_err(|error| error.to_string())?;
                let mut bytes = Vec::new();
                while let Some(chunk) = response.chunk().await.map_err(|error| error.to_string())? {
                    bytes.extend_from_slice(&chunk);
                    if bytes.len() > self.max_bytes {
                        break;
                    }
                }
                self.text(bytes)?
            }
        };
        Template::parse(&text).map_err(|fault| fault.to_string())
    }

    fn text(&self, bytes: Vec<u8>) -> Result<String, String> {
        if bytes.len() > self.max_bytes {
            return Err(format!("it has more than {} bytes", self.max_bytes));
        }
        String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
    }
}

fn entry(kind: Kind, settings: &settings::Auth) -> Result<Entry, StartError> {
    let (subject, template) = kind.texts(settings);
    let known = |text: &str| Template::parse(text).expect("built-in templates are tested");
    let built_in_subject = known(kind.subject());
    let subject = if subject.is_empty() {
        built_in_subject.clone()
    } else {
        Template::parse(subject).map_err(|fault| {
            StartError::Setting("auth.mailer_subjects", format!("{}: {fault}", kind.name()))
        })?
    };
    Ok(Entry {
        subject,
        built_in_subject,
        built_in: Arc::new(known(&built_in(kind))),
        source: source(template, &settings.site_url),
        fetched: Mutex::default(),
    })
}

/// A URL, a file, or a path below the application's address.
fn source(text: &str, site_url: &str) -> Option<Source> {
    if text.is_empty() {
        return None;
    }
    if let Some(path) = text.strip_prefix("file:") {
        return Some(Source::File(path.trim_start_matches("//").into()));
    }
    if text.starts_with("http://") || text.starts_with("https://") {
        return Some(Source::Url(text.to_owned()));
    }
    let path = text.trim_start_matches('/');
    Some(Source::Url(format!(
        "{}/{path}",
        site_url.trim_end_matches('/')
    )))
}

fn built_in(kind: Kind) -> String {
    let (heading, text) = kind.words();
    let link = match kind.link_type() {
        Some(_) => {
            "<p><a href=\"{{ .ConfirmationURL }}\">{{ .ConfirmationURL }}</a></p>\n<p>Or enter this code: {{ .Token }}</p>\n"
        }
        None => "",
    };
    format!("<h2>{heading}</h2>\n<p>{text}</p>\n{link}")
}

/// A subject is one line, whatever was filled in.
fn one_line(text: &str) -> String {
    text.split(char::is_control)
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn every_kind_has_a_built_in_text() {
        // AUTH-MAIL-05, AUTH-MAIL-08
        let clock = Arc::new(base::ManualClock::starting_now());
        let templates = Templates::new(&settings::Auth::default(), clock).unwrap();
        for kind in Kind::ALL {
            let variables = json!({ "ConfirmationURL": "https://a.b/verify?token=x&type=y", "Token": "123456", "Email": "ada@example.com" });
            let letter = Letter {
                kind: *kind,
                to: "ada@example.com".into(),
                variables,
                good_until: None,
                user: json!(null),
            };
            let message = templates
                .write(&letter, Uuid::nil(), DateTime::UNIX_EPOCH)
                .await;
            assert!(message.html.starts_with("<h2>") && !message.subject.is_empty());
            let link = "<a href=\"https://a.b/verify?token=x&amp;type=y\">";
            assert_eq!(
                message.html.contains(link),
                kind.link_type().is_some(),
                "{kind:?}"
            );
            let code = kind.link_type().is_some() || *kind == Kind::Reauthentication;
            assert_eq!(message.html.contains("123456"), code, "{kind:?}");
        }
    }

    #[tokio::test]
    async fn a_file_is_read_and_kept_while_it_can_be_read() {
        // AUTH-MAIL-07
        let folder =
            std::env::temp_dir().join(format!("passerelle-template-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("invite.html");
        std::fs::write(&file, "Hello {{ .Data.name }}").unwrap();
        let mut settings = settings::Auth::default();
        settings.mailer_templates_invite = format!("file:{}", file.display());
        settings.mailer_subjects_invite = "Join{{ .Data.name }}\r\nBcc: x@y".into();
        let clock = Arc::new(base::ManualClock::starting_now());
        let templates = Templates::new(&settings, clock.clone()).unwrap();
        let letter = Letter {
            kind: Kind::Invite,
            to: "a@b".into(),
            variables: json!({"Data": {"name": "<i>"}}),
            good_until: None,
            user: json!(null),
        };
        let write = || templates.write(&letter, Uuid::nil(), DateTime::UNIX_EPOCH);
        assert_eq!(write().await.html, "Hello &lt;i&gt;");
        assert_eq!(write().await.subject, "Join<i> Bcc: x@y");
        std::fs::write(&file, "New").unwrap();
        assert_eq!(write().await.html, "Hello &lt;i&gt;");
        clock.advance(TimeDelta::minutes(11));
        assert_eq!(write().await.html, "New");
        std::fs::write(&file, "{{ broken").unwrap();
        clock.advance(TimeDelta::minutes(11));
        assert_eq!(write().await.html, "New");
        std::fs::write(&file, "{{ index .Data.name 1 }}").unwrap();
        clock.advance(TimeDelta::seconds(11));
        assert!(
            write().await.html.contains("invited"),
            "the built-in one serves"
        );
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
