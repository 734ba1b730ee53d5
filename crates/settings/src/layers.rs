//! Where values come from, strongest last.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::{DotEnv, Error, Settings};

/// Where a value was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A `.env` file.
    EnvFile(PathBuf),
    /// `passerelle.toml`.
    File(PathBuf),
    /// The process environment.
    Environment,
    /// A command line flag.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::EnvFile(path) | Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment => f.write_str("environment"),
            Self::Flag => f.write_str("command line"),
        }
    }
}

#[derive(Debug, Clone)]
enum Layer {
    /// Variables by environment name.
    Variables(BTreeMap<String, String>, Origin),
    /// Values by dotted key.
    Keys(BTreeMap<String, String>, Origin),
}

/// The layers of one start, weakest first.
#[derive(Debug, Clone, Default)]
pub struct Layers(Vec<Layer>);

impl Layers {
    /// What a program started in `dir` finds: `supabase/.env`, `.env`, `passerelle.toml`, the process
    /// environment. Missing files are no error, unreadable or malformed ones are.
    pub fn discover(dir: &Path) -> Result<Self, Error> {
        Self::discover_with(dir, &dir.join("passerelle.toml"))
    }

    /// The same with another file in the place of `passerelle.toml`.
    pub fn discover_with(dir: &Path, toml: &Path) -> Result<Self, Error> {
        let mut layers = Self::default();
        for name in ["supabase/.env", ".env"] {
            layers.add_env_file(&dir.join(name))?;
        }
        layers.add_toml_file(toml)?;
        layers.add_environment();
        Ok(layers)
    }

    /// Adds a `.env` file if it exists.
    pub fn add_env_file(&mut self, path: &Path) -> Result<(), Error> {
        if let Some(file) = DotEnv::open(path).map_err(|e| Error::file(path, &e))? {
            self.0.push(Layer::Variables(
                file.variables(),
                Origin::EnvFile(path.to_owned()),
            ));
        }
        Ok(())
    }

    /// Adds a `passerelle.toml` if it exists.
    pub fn add_toml_file(&mut self, path: &Path) -> Result<(), Error> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(Error::file(path, &error)),
        };
        let table: toml::Table = toml::from_str(&text).map_err(|e| Error::file(path, &e))?;
        let mut keys = BTreeMap::new();
        flatten("", &toml::Value::Table(table), &mut keys);
        self.0
            .push(Layer::Keys(keys, Origin::File(path.to_owned())));
        Ok(())
    }

    /// Adds the process environment.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the environment"
    )]
    pub fn add_environment(&mut self) {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        self.0
            .push(Layer::Variables(variables, Origin::Environment));
    }

    /// Adds variables by environment name, as if the environment had them (tests, generated keys).
    pub fn add_variables<K: Into<String>, V: Into<String>>(
        &mut self,
        variables: impl IntoIterator<Item = (K, V)>,
        origin: Origin,
    ) {
        let map = variables
            .into_iter()
            .map(|(k, v)| (k.into(), v.into()))
            .collect();
        self.0.push(Layer::Variables(map, origin));
    }

    /// These layers below those of `stronger`.
    #[must_use]
    pub fn under(mut self, stronger: &Self) -> Self {
        self.0.extend(stronger.0.iter().cloned());
        self
    }

    /// Sets one value by dotted key, stronger than everything so far.
    pub fn set(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.0.push(Layer::Keys(
            BTreeMap::from([(key.into(), value.into())]),
            Origin::Flag,
        ));
    }

    /// The strongest value for a field, and where it stands. `<NAME>_FILE` names a file to read it from.
    pub(crate) fn find(&self, key: &str, env: &[&str]) -> Option<Result<(String, Origin), String>> {
        let own = own_name(key);
        self.0.iter().rev().find_map(|layer| match layer {
            Layer::Keys(keys, origin) => keys.get(key).map(|v| Ok((v.clone(), origin.clone()))),
            Layer::Variables(variables, origin) => std::iter::once(own.as_str())
                .chain(env.iter().copied())
                .find_map(|name| {
                    if let Some(value) = variables.get(name) {
                        return Some(Ok((value.clone(), origin.clone())));
                    }
                    let path = variables.get(&format!("{name}_FILE"))?;
                    Some(match std::fs::read_to_string(path) {
                        Ok(text) => Ok((
                            text.trim_end_matches(['\r', '\n']).to_owned(),
                            origin.clone(),
                        )),
                        Err(error) => Err(format!("{name}_FILE: {path}: {error}")),
                    })
                }),
        })
    }

    /// The effective value of a field as it was written, and where it stands.
    pub fn explain(&self, field: &crate::Field) -> (String, Origin) {
        match self.find(field.key, field.env) {
            Some(Ok(found)) => found,
            _ => (field.default.to_owned(), Origin::Default),
        }
    }

    /// Variables that look like settings, by the first part of their names, and are none of ours: whoever set them
    /// expects something that will not happen.
    pub fn unknown_variables(&self, prefixes: &[&str]) -> Vec<String> {
        let fields = Settings::fields();
        let is_known = |whole: &str| {
            let name = whole.strip_suffix("_FILE").unwrap_or(whole);
            fields
                .iter()
                .any(|field| field.env.contains(&name) || own_name(field.key) == name)
                || crate::strangers::STRANGERS
                    .iter()
                    .any(|stranger| stranger.name == whole || stranger.name == name)
        };
        let mut names: Vec<String> = self
            .0
            .iter()
            .filter_map(|layer| match layer {
                Layer::Variables(variables, _) => Some(variables.keys()),
                Layer::Keys(..) => None,
            })
            .flatten()
            .filter(|name| prefixes.iter().any(|prefix| name.starts_with(prefix)))
            .filter(|name| !is_known(name))
            .cloned()
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// Keys written in `passerelle.toml` or set by a flag.
    pub(crate) fn file_keys(&self) -> impl Iterator<Item = (&str, &Origin)> {
        self.0.iter().flat_map(|layer| match layer {
            Layer::Keys(keys, origin) => keys
                .keys()
                .map(|k| (k.as_str(), origin))
                .collect::<Vec<_>>(),
            Layer::Variables(..) => Vec::new(),
        })
    }

    /// Every place where one of `names` stands, weakest first: the name, its value, the place.
    pub fn occurrences(&self, names: &[&str]) -> Vec<(String, String, Origin)> {
        let layers = self.0.iter().filter_map(|layer| match layer {
            Layer::Variables(variables, origin) => Some((variables, origin)),
            Layer::Keys(..) => None,
        });
        layers
            .flat_map(|(variables, origin)| {
                names.iter().filter_map(move |name| {
                    let value = variables.get(*name)?.clone();
                    Some(((*name).to_owned(), value, origin.clone()))
                })
            })
            .collect()
    }

    /// The value of one variable, by environment name, strongest layer first.
    pub fn variable(&self, name: &str) -> Option<String> {
        self.0.iter().rev().find_map(|layer| match layer {
            Layer::Variables(variables, _) => variables.get(name).cloned(),
            Layer::Keys(..) => None,
        })
    }
}

/// `PASSERELLE_GATEWAY_PORT` for `gateway.port`.
fn own_name(key: &str) -> String {
    format!("PASSERELLE_{}", key.replace('.', "_").to_ascii_uppercase())
}

fn flatten(prefix: &str, value: &toml::Value, keys: &mut BTreeMap<String, String>) {
    match value {
        toml::Value::Table(table) => {
            for (name, value) in table {
                let key = if prefix.is_empty() {
                    name.clone()
                } else {
                    format!("{prefix}.{name}")
                };
                flatten(&key, value, keys);
            }
        }
        toml::Value::Array(items) => {
            let list: Vec<String> = items.iter().map(plain).collect();
            keys.insert(prefix.to_owned(), list.join(","));
        }
        other => {
            keys.insert(prefix.to_owned(), plain(other));
        }
    }
}

fn plain(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
