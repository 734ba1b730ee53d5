//! What the program says to people, in English and French, side by side.

/// A language of messages. Machine codes and log lines are never translated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// French.
    French,
}

impl Language {
    /// From `--lang` or a locale's name: `fr`, `fr_FR.UTF-8`.
    pub fn parse(text: &str) -> Self {
        if text.to_ascii_lowercase().starts_with("fr") {
            Self::French
        } else {
            Self::English
        }
    }

    /// The one of two texts that is in this language.
    pub fn pick<'a>(self, english: &'a str, french: &'a str) -> &'a str {
        match self {
            Self::English => english,
            Self::French => french,
        }
    }
}

/// A line a person reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Message {
    Starting,
    FetchingPostgres,
    Ready {
        api: String,
        database: Option<String>,
        keys: Option<String>,
    },
    Stopping,
    Stopped,
    NotRunning {
        dir: String,
    },
    Running {
        pid: u32,
        api: String,
    },
    Service {
        name: String,
        ready: bool,
        reason: String,
    },
    KeysMade {
        count: usize,
        path: String,
    },
    KeysComplete {
        path: String,
    },
    KeysFit,
    ShowRefused,
    SecretsFollow,
    Prepared,
    ConfigGood,
    AllWell,
    EnvChange {
        name: String,
        change: &'static str,
    },
    PgInstalled {
        version: String,
        path: String,
    },
    Remedy {
        command: String,
    },
    DemoStep {
        title: String,
        result: String,
    },
    DemoStays,
}

impl Message {
    /// The text in a language.
    pub(crate) fn text(&self, language: Language) -> String {
        let l = language;
        match self {
            Self::Starting => l.pick("starting …", "démarrage …").to_owned(),
            Self::FetchingPostgres => l
                .pick(
                    "PostgreSQL is not installed; fetching its programs …",
                    "PostgreSQL n’est pas installé ; récupération de ses programmes …",
                )
                .to_owned(),
            Self::Ready { api, database, keys } => ready(l, api, database.as_deref(), keys.as_deref()),
            Self::Stopping => l.pick("stopping …", "arrêt …").to_owned(),
            Self::Stopped => l.pick("stopped", "arrêté").to_owned(),
            Self::NotRunning { dir } => {
                format!("{} {dir}", l.pick("nothing runs on", "rien ne tourne sur"))
            }
            Self::Running { pid, api } => format!("{} {pid}, {api}", l.pick("running as process", "en marche, processus")),
            Self::Service { name, ready: true, .. } => format!("{name:<10} {}", l.pick("ready", "prêt")),
            Self::Service { name, reason, .. } => format!("{name:<10} {}: {reason}", l.pick("down", "arrêté")),
            Self::KeysMade { count, path } => {
                format!("{count} {} {path}", l.pick("secrets made in", "secrets créés dans"))
            }
            Self::KeysComplete { path } => format!(
                "{path} {}",
                l.pick("holds a complete set already; nothing was changed", "est déjà complet ; rien n’a été changé")
            ),
            Self::KeysFit => l.pick("secret and keys fit together", "le secret et les clés vont ensemble").to_owned(),
            Self::ShowRefused => l
                .pick(
                    "secrets are printed to a terminal only; --force-show prints them all the same",
                    "les secrets ne sont affichés que sur un terminal ; --force-show les affiche quand même",
                )
                .to_owned(),
            Self::SecretsFollow => {
                l.pick("the following lines are secret", "les lignes qui suivent sont secrètes").to_owned()
            }
            Self::Prepared => l.pick("keys and database are ready", "les clés et la base sont prêtes").to_owned(),
            Self::ConfigGood => l.pick("every setting makes sense", "tous les réglages sont valables").to_owned(),
            Self::AllWell => l.pick("nothing is wrong", "tout va bien").to_owned(),
            Self::EnvChange { name, change } => format!("{name}: {}", in_french(l, change)),
            Self::PgInstalled { version, path } => {
                format!("PostgreSQL {version} {} {path}", l.pick("is in", "est dans"))
            }
            Self::Remedy { command } => format!("{} {command}", l.pick("to mend it:", "pour réparer :")),
            Self::DemoStep { title, result } => format!("✓ {title:<46} {result}"),
            Self::DemoStays => {
                l.pick("the stack stays up; Ctrl-C stops it", "la pile reste en marche ; Ctrl-C l’arrête").to_owned()
            }
        }
    }
}

fn ready(l: Language, api: &str, database: Option<&str>, keys: Option<&str>) -> String {
    let mut lines = vec![
        l.pick("ready", "prêt").to_owned(),
        format!("  API        {api}"),
    ];
    if let Some(database) = database {
        lines.push(format!("  {:<10} {database}", l.pick("database", "base")));
    }
    if let Some(keys) = keys {
        lines.push(format!("  {:<10} {keys}", l.pick("keys", "clés")));
    }
    lines.join("\n")
}

fn in_french(l: Language, change: &str) -> &str {
    match (l, change) {
        (Language::French, "added") => "ajoutée",
        (Language::French, "updated") => "mise à jour",
        (Language::French, "unchanged") => "inchangée",
        _ => change,
    }
}
