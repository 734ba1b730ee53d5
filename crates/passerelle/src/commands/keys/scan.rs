//! `keys check --scan`: copies of keys in a source tree that are stale, foreign, or where browsers get them
//! (MIG-KEY-09). Tokens are decoded and never shown.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use jwt::{Keys, TimeRules, Verifier};
use serde_json::Value;
use settings::Settings;

use super::super::Context;
use super::check::PUBLIC;
use crate::exit::Failure;
use crate::findings::Finding;
use crate::messages::Message;

/// Larger files are no sources.
const MOST_BYTES: u64 = 8 << 20;
/// Packages that make a folder a front end.
const FRAMEWORKS: [&str; 8] = [
    "next",
    "react",
    "vue",
    "svelte",
    "vite",
    "@angular/core",
    "expo",
    "nuxt",
];
/// Folders that a web server hands out.
const HANDED_OUT: [&str; 5] = ["public", "dist", "build", ".next", "static"];

pub(super) fn run(
    context: &Context,
    folder: &Path,
    settings: &Settings,
) -> Result<Vec<Finding>, Failure> {
    std::fs::read_dir(folder).map_err(|error| Failure::file(folder, &error))?;
    let scan = Scan::new(folder, settings)?;
    let mut walk = ignore::WalkBuilder::new(folder);
    // `.env` files are hidden, and often the very place; what the ignore files name is left out, but for those.
    walk.hidden(false)
        .require_git(false)
        .filter_entry(|entry| entry.file_name() != ".git" && entry.file_name() != "node_modules");
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in walk.build().flatten() {
        let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
        if is_file
            && entry
                .metadata()
                .is_ok_and(|metadata| metadata.len() <= MOST_BYTES)
        {
            files.push(entry.into_path());
        }
    }
    files.sort();
    let found: Vec<_> = files
        .iter()
        .flat_map(|path| scan.file(context, path))
        .collect();
    if found.is_empty() {
        let (count, path) = (files.len().to_string(), folder.display().to_string());
        context.out.say(&Message::ScanClean { count, path });
    }
    Ok(found)
}

struct Scan<'a> {
    root: &'a Path,
    settings: &'a Settings,
    verifier: Verifier,
}

/// A key found in a text.
struct Token<'a> {
    text: &'a str,
    role: String,
    issued: String,
}

impl<'a> Scan<'a> {
    fn new(root: &'a Path, settings: &'a Settings) -> Result<Self, Failure> {
        let keys = Keys::from_settings(&settings.keys)?;
        let verifier = Verifier::new(keys, Arc::new(base::SystemClock));
        Ok(Self {
            root,
            settings,
            verifier,
        })
    }

    fn file(&self, context: &Context, path: &Path) -> Vec<Finding> {
        let Ok(text) = std::fs::read_to_string(path) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for (index, line) in text.lines().enumerate() {
            for token in tokens(line) {
                let place = format!("{}:{}", path.display(), index + 1);
                if token.role == "service_role" && self.reaches_browsers(path, line) {
                    let message = Message::ServiceKeyInFrontend {
                        place: place.clone(),
                    };
                    found.push(Finding::new(
                        "service_key_in_frontend",
                        message,
                        Message::ReadKeyFromEnvironment,
                    ));
                }
                if let Some(verdict) = self.verdict(token.text) {
                    let verdict = verdict.text(context.out.language);
                    let message = Message::StaleKey {
                        place,
                        role: token.role,
                        issued: token.issued,
                        verdict,
                    };
                    found.push(Finding::new(
                        "stale_key",
                        message,
                        Message::ReadKeyFromEnvironment,
                    ));
                }
            }
        }
        found
    }

    /// Why a copy is not what it should be; `None` for the keys in use.
    fn verdict(&self, token: &str) -> Option<Message> {
        let keys = &self.settings.keys;
        if keys.anon_key.matches(token) || keys.service_role_key.matches(token) {
            return None;
        }
        match self.verifier.verify(token, TimeRules::STRICT) {
            Err(jwt::Error::Expired) => Some(Message::StaleExpired),
            Err(_) => Some(Message::StaleSigned),
            Ok(_) if !self.current(token) => Some(Message::StalePrevious),
            Ok(_) => Some(Message::StaleReplaced),
        }
    }

    /// Whether the current secret itself signed it, and not one before.
    fn current(&self, token: &str) -> bool {
        let Ok(keys) = Keys::from_secret(self.settings.keys.jwt_secret.expose()) else {
            return true;
        };
        Verifier::new(keys, Arc::new(base::SystemClock))
            .verify_signature(token)
            .is_ok()
    }

    /// Whether what stands in a file ends up in browsers: a front end's sources, or what a server hands out. A front
    /// end's `.env` stays on the server, but for the variables that its bundler publishes.
    fn reaches_browsers(&self, path: &Path, line: &str) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let variable = line.trim_start().trim_start_matches("export ");
        if name.starts_with(".env") {
            return PUBLIC.iter().any(|prefix| variable.starts_with(prefix));
        }
        let below = path.strip_prefix(self.root).unwrap_or(path);
        if below
            .components()
            .any(|part| HANDED_OUT.iter().any(|name| part.as_os_str() == *name))
        {
            return true;
        }
        let above = path
            .ancestors()
            .skip(1)
            .take_while(|folder| folder.starts_with(self.root));
        above
            .into_iter()
            .find_map(|folder| std::fs::read_to_string(folder.join("package.json")).ok())
            .is_some_and(|text| {
                let package: Value = serde_json::from_str(&text).unwrap_or_default();
                let depends = |name| {
                    ["dependencies", "devDependencies"]
                        .iter()
                        .any(|list| package[*list].get(name).is_some())
                };
                FRAMEWORKS.into_iter().any(depends)
            })
    }
}

/// The API keys in a line: three parts of base64url, whose second says a role that a key may have.
fn tokens(line: &str) -> Vec<Token<'_>> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    line.split(|c| !is_part(c))
        .filter_map(|word| word.find("eyJ").map(|at| word[at..].trim_end_matches('.')))
        .filter_map(token)
        .collect()
}

fn token(text: &str) -> Option<Token<'_>> {
    let parts: Vec<&str> = text.split('.').collect();
    let [header, payload, _] = parts.as_slice() else {
        return None;
    };
    let decode =
        |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
    decode(header)?.get("alg")?;
    let claims = decode(payload)?;
    let role = claims["role"]
        .as_str()
        .filter(|role| matches!(*role, "anon" | "service_role"))?
        .to_owned();
    let issued = claims["iat"]
        .as_i64()
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let issued = issued.map_or_else(
        || "?".to_owned(),
        |time| time.format("%Y-%m-%d").to_string(),
    );
    Some(Token { text, role, issued })
}

#[cfg(test)]
mod tests {
    use base::Secret;
    use jwt::{ApiKeyClass, ApiKeys};

    use super::*;

    fn key(class: ApiKeyClass) -> Secret {
        let keys = Keys::from_secret("a-secret-of-at-least-thirty-two-bytes!").unwrap();
        ApiKeys::mint(&keys, class, 1_700_000_000, 60).unwrap()
    }

    #[test]
    fn a_key_is_found_wherever_it_stands_in_a_line() {
        let anon = key(ApiKeyClass::Anon);
        for line in [
            format!("const key = \"{}\";", anon.expose()),
            format!("      - key: {}", anon.expose()),
            format!("KEY={}", anon.expose()),
            format!("see {}.", anon.expose()),
        ] {
            let found = tokens(&line);
            assert_eq!(found.len(), 1, "{line}");
            assert_eq!(
                (found[0].text, found[0].role.as_str()),
                (anon.expose(), "anon")
            );
            assert_eq!(found[0].issued, "2023-11-14");
        }
    }

    #[test]
    fn what_only_looks_like_a_key_is_passed_over() {
        let user = Keys::from_secret("a-secret-of-at-least-thirty-two-bytes!").unwrap();
        let user = user.sign(&serde_json::json!({ "role": "authenticated", "sub": "x" }));
        for line in [
            "eyJhbGciOiJIUzI1NiJ9",
            "eyJ.eyJ.x",
            "eyJhbGciOiJIUzI1NiJ9.e30.x",
            user.as_str(),
            "",
        ] {
            assert!(tokens(line).is_empty(), "{line}");
        }
    }
}
