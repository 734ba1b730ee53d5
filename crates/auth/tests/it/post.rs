//! A mail server that keeps what it is given.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A mail that arrived.
#[derive(Debug, Clone)]
pub(crate) struct Mail {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) html: String,
    pub(crate) raw: String,
}

impl Mail {
    /// The link in it, as a browser reads it.
    pub(crate) fn link(&self) -> String {
        let (_, rest) = self.html.split_once("<a href=\"").expect("there is a link");
        let (link, _) = rest.split_once('"').unwrap();
        link.replace("&amp;", "&").replace("&#43;", "+")
    }

    /// A parameter of the link.
    pub(crate) fn parameter(&self, name: &str) -> String {
        let link = self.link();
        let (_, query) = link.split_once('?').unwrap();
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    }

    /// The code in it.
    pub(crate) fn code(&self) -> String {
        let (_, rest) = self.html.split_once("code: ").expect("there is a code");
        rest.chars().take_while(char::is_ascii_digit).collect()
    }
}

/// The server.
pub(crate) struct Post {
    port: u16,
    mails: Arc<Mutex<Vec<Mail>>>,
    /// What recipients are answered with; 0 is "welcome".
    refusal: Arc<AtomicU16>,
    _serving: JoinSet<()>,
}

impl Post {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mails: Arc<Mutex<Vec<Mail>>> = Arc::default();
        let refusal: Arc<AtomicU16> = Arc::default();
        let mut serving = JoinSet::new();
        let (kept, refuses) = (mails.clone(), refusal.clone());
        serving.spawn(async move {
            let mut visits = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (kept, refuses) = (kept.clone(), refuses.clone());
                visits.spawn(async move { visit(stream, &kept, &refuses).await });
            }
        });
        Self {
            port,
            mails,
            refusal,
            _serving: serving,
        }
    }

    /// Settings that lead here.
    pub(crate) fn reached_by(&self, mut settings: settings::Auth) -> settings::Auth {
        if settings.smtp_host.is_empty() {
            settings.smtp_host = "127.0.0.1".into();
            settings.smtp_port = self.port;
            settings.smtp_admin_email = "post@example.org".into();
            settings.smtp_sender_name = "The Post".into();
        }
        settings
    }

    pub(crate) fn refuse(&self, code: u16) {
        self.refusal.store(code, Ordering::SeqCst);
    }

    pub(crate) fn take(&self) -> Vec<Mail> {
        std::mem::take(&mut self.mails.lock().unwrap())
    }
}

async fn visit(stream: TcpStream, mails: &Mutex<Vec<Mail>>, refusal: &AtomicU16) -> Option<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut recipient = String::new();
    write.write_all(b"220 post\r\n").await.ok()?;
    while let Some(line) = lines.next_line().await.ok()? {
        let verb = line
            .split([' ', ':'])
            .next()
            .unwrap_or_default()
            .to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" => "250-post\r\n250 8BITMIME\r\n".to_owned(),
            "RCPT" => {
                recipient = line.split(['<', '>']).nth(1)?.to_owned();
                match refusal.load(Ordering::SeqCst) {
                    0 => "250 ok\r\n".into(),
                    code => format!("{code} no\r\n"),
                }
            }
            "DATA" => {
                write.write_all(b"354 go on\r\n").await.ok()?;
                let mut raw = String::new();
                while let Some(line) = lines.next_line().await.ok()? {
                    if line == "." {
                        break;
                    }
                    raw.push_str(line.strip_prefix('.').unwrap_or(&line));
                    raw.push_str("\r\n");
                }
                mails.lock().unwrap().push(parse(&recipient, raw));
                "250 taken\r\n".into()
            }
            "QUIT" => {
                write.write_all(b"221 bye\r\n").await.ok()?;
                return Some(());
            }
            _ => "250 ok\r\n".into(),
        };
        write.write_all(answer.as_bytes()).await.ok()?;
    }
    Some(())
}

fn parse(recipient: &str, raw: String) -> Mail {
    let message = mail_parser::MessageParser::default()
        .parse(raw.as_bytes())
        .expect("a mail is a mail");
    let from = message
        .from()
        .and_then(|from| from.first())
        .expect("there is a sender");
    Mail {
        from: format!(
            "{} <{}>",
            from.name().unwrap_or_default(),
            from.address().unwrap_or_default()
        ),
        to: recipient.to_owned(),
        subject: message.subject().unwrap_or_default().to_owned(),
        html: message.body_html(0).unwrap_or_default().into_owned(),
        raw,
    }
}
