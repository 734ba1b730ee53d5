//! What the program says to people, in English and French, side by side.
//!
//! [`table`] holds every sentence of the program itself, [`floors`] finds the sentence for what a lower floor
//! reports, [`help`] is the French of the command line's help. Machine codes and log lines are never translated.

pub(crate) mod floors;
pub(crate) mod help;
mod table;

pub(crate) use table::Message;

/// A language of messages.
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
    fn pick<'a>(self, english: &'a str, french: &'a str) -> &'a str {
        match self {
            Self::English => english,
            Self::French => french,
        }
    }
}

/// A sentence of a failure or a finding: one of ours, or one in whatever words it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Text {
    /// In the reader's language.
    Message(Box<Message>),
    /// A command line, a path, or another program's words.
    Plain(String),
    /// Several, a line each.
    Lines(Vec<Text>),
    /// Several, one after the other.
    List(Vec<Text>),
    /// A setting with a value that is not what it should be, and where it stands.
    Setting(Box<Setting>),
}

/// A wrong setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) key: String,
    /// What its value should be; none for a key that is no setting.
    pub(crate) expected: Option<String>,
    pub(crate) origin: Text,
}

impl Setting {
    fn text(&self, language: Language) -> String {
        let (key, origin) = (self.key.clone(), self.origin.text(language));
        let Some(expected) = &self.expected else {
            return Message::NotASetting { key, origin }.text(language);
        };
        let fault = match language {
            Language::English => expected.clone(),
            Language::French => floors::expected_in_french(expected),
        };
        Message::SettingWrong { key, fault, origin }.text(language)
    }
}

impl Text {
    pub(crate) fn text(&self, language: Language) -> String {
        match self {
            Self::Message(message) => message.text(language),
            Self::Plain(text) => text.clone(),
            Self::Lines(lines) => joined(lines, language, "\n"),
            Self::List(parts) => joined(parts, language, language.pick("; ", " ; ")),
            Self::Setting(setting) => setting.text(language),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::Plain(text) if text.is_empty())
    }
}

fn joined(parts: &[Text], language: Language, between: &str) -> String {
    let parts: Vec<String> = parts.iter().map(|part| part.text(language)).collect();
    parts.join(between)
}

impl From<Message> for Text {
    fn from(message: Message) -> Self {
        Self::Message(Box::new(message))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::Plain(text)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::Plain(text.to_owned())
    }
}

#[cfg(test)]
mod tests;
