//! The command line as people meet it: parsed, explained and refused in their language.

use std::ffi::OsString;

use clap::error::{ContextKind, ErrorKind};
use clap::{ColorChoice, CommandFactory as _, FromArgMatches as _};
use settings::Layers;

use crate::cli::Cli;
use crate::exit::{ExitCode, Failure};
use crate::messages::{Language, Message, help};
use crate::output::Output;

/// The language of messages: `--lang`, else the locale.
pub(crate) fn language(flag: Option<&str>) -> Language {
    let mut environment = Layers::default();
    environment.add_environment();
    let locale = flag.map(str::to_owned).or_else(|| {
        ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .find_map(|name| environment.variable(name).filter(|value| !value.is_empty()))
    });
    Language::parse(locale.as_deref().unwrap_or("en"))
}

/// The definition of the command line, its help in a language.
pub(crate) fn command(language: Language) -> clap::Command {
    match language {
        Language::English => Cli::command(),
        Language::French => help::in_french(Cli::command()),
    }
}

/// A command line that is not carried out: wrong, or a question about itself.
pub(crate) struct Wrong {
    error: clap::Error,
    language: Language,
    json: bool,
}

/// Reads a command line.
pub(crate) fn parse(arguments: &[OsString]) -> Result<Cli, Wrong> {
    // How to refuse must be known before the rest is understood.
    let json = arguments.iter().any(|argument| argument == "--json");
    let language = language(flag(arguments, "--lang").as_deref());
    let plain = arguments.iter().any(|argument| argument == "--no-color");
    let color = if plain {
        ColorChoice::Never
    } else {
        ColorChoice::Auto
    };
    let matches = command(language)
        .color(color)
        .try_get_matches_from(asked(arguments, language));
    matches
        .and_then(|matches| Cli::from_arg_matches(&matches))
        .map_err(|error| Wrong {
            error,
            language,
            json,
        })
}

/// `help logs` in French is `logs --help`: the library's own `help` speaks English only.
fn asked(arguments: &[OsString], language: Language) -> Vec<OsString> {
    let mut asked = arguments.to_vec();
    let mut words = asked.iter().enumerate().skip(1);
    let first = words.find(|(at, word)| {
        let value = *at > 1 && asked[at - 1] == "--lang";
        !value && !word.to_string_lossy().starts_with('-')
    });
    if let Some((at, word)) = first
        && language == Language::French
        && word == "help"
    {
        asked.remove(at);
        asked.push("--help".into());
    }
    asked
}

fn flag(arguments: &[OsString], name: &str) -> Option<String> {
    let mut texts = arguments.iter().map(|argument| argument.to_string_lossy());
    while let Some(text) = texts.next() {
        if text == name {
            return texts.next().map(std::borrow::Cow::into_owned);
        }
        if let Some(value) = text
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix('='))
        {
            return Some(value.to_owned());
        }
    }
    None
}

impl Wrong {
    /// Says so: help on standard output, a fault with exit code 2.
    pub(crate) fn show(self) -> ExitCode {
        if !self.error.use_stderr() {
            let _ = self.error.print();
            return ExitCode::Success;
        }
        if !self.json && (self.language == Language::English || is_help(self.error.kind())) {
            let _ = self.error.print();
            return ExitCode::Usage;
        }
        let out = Output::new(self.language, self.json, false);
        out.failure(&Failure::tell(
            ExitCode::Usage,
            self.sentence(),
            "passerelle --help",
        ))
    }

    /// What is wrong, in one sentence.
    fn sentence(&self) -> crate::messages::Text {
        if self.language == Language::English {
            let text = self.error.to_string();
            let line = text.lines().next().unwrap_or_default();
            return line.strip_prefix("error: ").unwrap_or(line).into();
        }
        let value = |kind| {
            self.error
                .get(kind)
                .map(ToString::to_string)
                .unwrap_or_default()
        };
        let argument = value(ContextKind::InvalidArg);
        match self.error.kind() {
            ErrorKind::UnknownArgument => Message::UnknownArgument { argument },
            ErrorKind::InvalidSubcommand => Message::UnknownCommand {
                name: value(ContextKind::InvalidSubcommand),
            },
            ErrorKind::MissingRequiredArgument => Message::MissingArgument { argument },
            ErrorKind::ArgumentConflict => Message::ConflictingArguments {
                argument,
                other: value(ContextKind::PriorArg),
            },
            ErrorKind::InvalidValue | ErrorKind::ValueValidation => Message::InvalidArgument {
                argument,
                text: value(ContextKind::InvalidValue),
            },
            _ => Message::WrongCommandLine {
                error: self.error.kind().to_string(),
            },
        }
        .into()
    }
}

/// The whole help is shown in place of an empty command line.
fn is_help(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
            | ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
    )
}
