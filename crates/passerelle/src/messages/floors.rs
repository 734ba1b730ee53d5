//! The sentences for what lower floors report, and the exit code of each.

use settings::{DotEnvError, Origin};

use super::{Message, Setting, Text};
use crate::exit::{ExitCode, Failure};

impl From<settings::Error> for Failure {
    fn from(error: settings::Error) -> Self {
        let sentence = match error {
            settings::Error::File(path, message) => {
                Text::Plain(format!("{}: {}", path.display(), message.trim_end()))
            }
            settings::Error::Mistakes(mistakes) => {
                Text::Lines(mistakes.iter().map(mistake).collect())
            }
        };
        Self::tell(ExitCode::Usage, sentence, "passerelle config check").named("settings")
    }
}

fn mistake(mistake: &settings::Mistake) -> Text {
    let origin = match &mistake.origin {
        Origin::Environment => Message::FromEnvironment.into(),
        Origin::Flag => Message::FromFlag.into(),
        other => Text::Plain(other.to_string()),
    };
    let wrong = |key: &str, expected: Option<&str>| {
        Text::Setting(Box::new(Setting {
            key: key.to_owned(),
            expected: expected.map(str::to_owned),
            origin,
        }))
    };
    let expected = mistake.message.strip_prefix("is not ");
    let unknown = mistake.message.strip_prefix('`');
    let unknown = unknown.and_then(|rest| rest.split_once('`'));
    match (mistake.key, expected, unknown) {
        ("", _, Some((key, _))) => wrong(key, None),
        (key, Some(expected), _) if !key.is_empty() => wrong(key, Some(expected)),
        _ => Text::Plain(mistake.to_string()),
    }
}

/// What a value should have been, in French: the words that `settings` uses in English.
pub(super) fn expected_in_french(expected: &str) -> String {
    const WORDS: [(&str, &str); 9] = [
        ("a whole number", "un nombre entier"),
        ("a number", "un nombre"),
        ("a IP address", "une adresse IP"),
        ("a address and port", "une adresse et un port"),
        ("true or false", "true ou false"),
        (
            "a duration such as 30s, 15m or 1h30m",
            "une durée telle que 30s, 15m ou 1h30m",
        ),
        (
            "a size such as 52428800, 50MB or 64KiB",
            "une taille telle que 52428800, 50MB ou 64KiB",
        ),
        ("one of ", "l’un de "),
        ("", ""),
    ];
    let (english, french) = WORDS
        .into_iter()
        .find(|(english, _)| expected.starts_with(english))
        .unwrap_or_default();
    format!("{french}{}", &expected[english.len()..])
}

/// What gives a listener another port than `port`: a flag for the API's, settings for the others.
pub(crate) fn another_port(settings: &settings::Gateway, port: u16) -> Message {
    let next = port.checked_add(1).unwrap_or(8_000).to_string();
    let variable = |name: &str, port: String| Message::PortSetting {
        variable: name.to_owned(),
        port,
    };
    match port {
        _ if port == settings.port => Message::AnotherPort { port: next },
        _ if port == settings.admin_port => variable("PASSERELLE_GATEWAY_ADMIN_PORT", next),
        _ if port == settings.tls_port => variable("PASSERELLE_GATEWAY_TLS_PORT", next),
        _ => Message::NoServicePorts,
    }
}

impl Failure {
    /// Why a listener cannot be opened, and what gives it another port.
    pub(crate) fn listener(error: gateway::BindError, settings: &settings::Gateway) -> Self {
        use gateway::BindError as E;
        match error {
            E::Taken { host, port } => {
                let remedy = another_port(settings, port);
                let (port, host) = (port.to_string(), host.to_string());
                let sentence = Message::PortTaken { port, host };
                Self::tell(ExitCode::Preflight, sentence, remedy).named("port_taken")
            }
            E::Refused { host, port, source } => {
                let remedy = match another_port(settings, port) {
                    Message::AnotherPort { .. } => Message::AnotherPort {
                        port: "8000".to_owned(),
                    },
                    other => other,
                };
                let (port, host, error) = (port.to_string(), host.to_string(), source.to_string());
                let sentence = Message::PortRefused { port, host, error };
                Self::tell(ExitCode::Preflight, sentence, remedy).named("port_refused")
            }
            E::Certificate { path, reason } => {
                let sentence = Message::FileRefused {
                    path: path.display().to_string(),
                    error: reason,
                };
                Self::tell(ExitCode::Preflight, sentence, "passerelle config check")
                    .named("certificate")
            }
        }
    }
}

impl From<jwt::KeyError> for Failure {
    fn from(error: jwt::KeyError) -> Self {
        Self::tell(
            ExitCode::Secrets,
            key_error(&error),
            "passerelle keys generate",
        )
        .named("keys_unusable")
    }
}

/// Why configured keys cannot be used.
pub(crate) fn key_error(error: &jwt::KeyError) -> Message {
    use jwt::KeyError as E;
    match error {
        E::Missing => Message::NoSecret,
        E::TooShort(bytes) => Message::ShortSecret {
            bytes: bytes.to_string(),
        },
        E::Shape(name, shape) => Message::KeyShape {
            name: (*name).to_owned(),
            shape: (*shape).to_owned(),
        },
        E::Key(name, number, why) => Message::KeyUnusable {
            name: (*name).to_owned(),
            number: number.to_string(),
            why: why.clone(),
        },
        E::Signing(count) => Message::SigningKeys {
            count: count.to_string(),
        },
    }
}

impl From<database::Error> for Failure {
    fn from(error: database::Error) -> Self {
        use database::Error as E;
        let said = match &error {
            E::Step { source, .. }
            | E::Connect { source, .. }
            | E::Migration { source, .. }
            | E::Login { source, .. } => source.server().cloned(),
            E::NoRights { .. } | E::Version { .. } | E::Encoding { .. } | E::Changed { .. } => None,
        };
        let failure = match error {
            E::Connect { user, source } => {
                let sentence = Message::DatabaseUnreachable {
                    user,
                    error: source.to_string(),
                };
                Self::tell(ExitCode::Connection, sentence, Message::CheckUrl)
                    .named("database_unreachable")
            }
            E::Login { role, source } => {
                let role = role.to_owned();
                let sentence = Message::RoleLogin {
                    role: role.clone(),
                    error: source.to_string(),
                };
                Self::tell(
                    ExitCode::Connection,
                    sentence,
                    Message::RolePassword { role },
                )
                .named("role_login")
            }
            E::NoRights { user } => {
                let remedy = Message::GrantRights { user: user.clone() };
                Self::tell(
                    ExitCode::Preflight,
                    Message::DatabaseNoRights { user },
                    remedy,
                )
                .named("no_rights")
            }
            E::Encoding { name, encoding } => {
                let sentence = Message::DatabaseEncoding { name, encoding };
                Self::tell(ExitCode::Preflight, sentence, Message::UseUtf8).named("encoding")
            }
            E::Version { found } => {
                let sentence = Message::DatabaseVersion { found };
                Self::tell(ExitCode::Unsupported, sentence, Message::UseSupported)
                    .named("database_version")
            }
            E::Changed { schema, version } => {
                let sentence = Message::SchemaChanged { schema, version };
                Self::tell(ExitCode::Unsupported, sentence, Message::NewerRelease)
                    .named("schema_changed")
            }
            E::Step { step, source } => {
                let sentence = Message::DatabaseStep {
                    step: step.to_owned(),
                    error: source.to_string(),
                };
                Self::tell(ExitCode::Internal, sentence, Message::NothingKept)
                    .named("database_step")
            }
            E::Migration {
                schema,
                version,
                name,
                source,
            } => {
                let sentence = Message::SchemaChange {
                    schema: schema.to_owned(),
                    version: version.to_owned(),
                    name: name.to_owned(),
                    error: source.to_string(),
                };
                Self::tell(ExitCode::Internal, sentence, Message::NothingKept)
                    .named("schema_change")
            }
        };
        failure.with_database(said.as_ref())
    }
}

impl From<cluster::Error> for Failure {
    fn from(error: cluster::Error) -> Self {
        let code = match &error {
            cluster::Error::InUse(_) => ExitCode::Busy,
            cluster::Error::OtherMajor { .. } => ExitCode::Unsupported,
            _ => ExitCode::Preflight,
        };
        let name = error.code();
        let (sentence, remedy) = cluster_error(error);
        Self::tell(code, sentence, remedy).named(name)
    }
}

/// Why the managed PostgreSQL is not there, and the way out.
pub(crate) fn cluster_error(error: cluster::Error) -> (Message, Message) {
    use Message as M;
    use cluster::Error as E;
    let shown = |path: &std::path::Path| path.display().to_string();
    match error {
        E::NotFound => (M::PostgresMissing, M::InstallPostgres),
        E::NotUsable(path) => (
            M::PostgresUnusable { path: shown(&path) },
            M::InstallPostgres,
        ),
        E::OtherMajor {
            path,
            found,
            programs,
        } => {
            let (path, programs) = (shown(&path), programs.to_string());
            (
                M::OtherMajor {
                    path,
                    found: found.clone(),
                    programs,
                },
                M::UseMajor { found },
            )
        }
        E::NotACluster(path) => (M::NotACluster { path: shown(&path) }, M::AnotherFolder),
        E::InUse(path) => (M::FolderInUse { path: shown(&path) }, M::StopOther),
        E::NoAccount => (M::NoAccount, M::MakeAccount),
        E::Initdb(words) => (M::InitdbFailed { words }, M::CheckSpace),
        E::DidNotStart(words) => (M::PostgresDidNotStart { words }, M::ReadPostgresLog),
        E::DiskFull(path) => {
            let path = shown(&path);
            (M::DiskFull { path: path.clone() }, M::FreeSpace { path })
        }
        E::PortTaken(port) => {
            let port = port.to_string();
            (
                M::DatabasePortTaken { port: port.clone() },
                M::AnotherDatabasePort { port },
            )
        }
        E::Install(error) => (M::InstallFailed { error }, M::SystemPackages),
        E::Interrupted => (M::PostgresInterrupted, M::StartAgain),
        E::PathTooLong(path) => (M::PathTooLong { path: shown(&path) }, M::ShorterPath),
        E::File { path, source } => (
            M::FileRefused {
                path: shown(&path),
                error: source.to_string(),
            },
            M::CheckPath,
        ),
    }
}

/// Why a `.env` file cannot be used.
pub(crate) fn dotenv_failure(path: &std::path::Path, error: DotEnvError) -> Failure {
    let path = path.display().to_string();
    match error {
        DotEnvError::Unreadable(error) => Failure::tell(
            ExitCode::Preflight,
            Message::FileRefused { path, error },
            Message::CheckPath,
        ),
        DotEnvError::Malformed { line } => {
            let line = line.to_string();
            Failure::tell(
                ExitCode::Usage,
                Message::NotALine { path, line },
                Message::MendLine,
            )
        }
        DotEnvError::Unterminated { line } => {
            let line = line.to_string();
            Failure::tell(
                ExitCode::Usage,
                Message::OpenQuote { path, line },
                Message::MendLine,
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use settings::{Layers, Settings};

    use super::*;
    use crate::messages::Language;

    // MIG-OUT-04: every kind of value has its French words.
    #[test]
    fn what_a_setting_should_be_is_said_in_french_whatever_its_kind() {
        for field in Settings::fields() {
            let mut layers = Layers::default();
            layers.set(field.key, "§");
            let Err(error) = Settings::load(&layers) else {
                continue;
            };
            let failure = Failure::from(error);
            let (english, french) = (
                failure.sentence.text(Language::English),
                failure.sentence.text(Language::French),
            );
            assert!(
                english.starts_with(&format!("{} is not ", field.key)),
                "{english}"
            );
            assert!(
                french.starts_with(&format!("{} n’est pas ", field.key)),
                "{french}"
            );
            let tail = english.split(" is not ").nth(1).unwrap();
            assert!(!french.contains(tail), "{french}");
        }
    }
}
