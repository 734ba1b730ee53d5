//! From raw text to checked values, collecting every mistake on the way.

use crate::{Error, Layers, Mistake, Origin, Settings, Value};

/// Reads fields and remembers what was wrong.
#[derive(Debug)]
pub struct Reader<'a> {
    layers: &'a Layers,
    mistakes: Vec<Mistake>,
}

impl<'a> Reader<'a> {
    /// A reader over `layers`.
    pub fn new(layers: &'a Layers) -> Self {
        Self {
            layers,
            mistakes: Vec::new(),
        }
    }

    /// The value of one field; on a mistake the default stands in and the mistake is noted.
    pub(crate) fn value<T: Value>(&mut self, key: &'static str, env: &[&str], default: &str) -> T {
        let fallback = || T::parse(default).expect("defaults are tested to parse");
        match self.layers.find(key, env) {
            None => fallback(),
            Some(Err(message)) => {
                self.mistakes.push(Mistake {
                    key,
                    origin: Origin::Environment,
                    message,
                });
                fallback()
            }
            Some(Ok((text, origin))) => T::parse(&text).unwrap_or_else(|expected| {
                self.mistakes.push(Mistake {
                    key,
                    origin,
                    message: format!("is not {expected}"),
                });
                fallback()
            }),
        }
    }

    /// All mistakes, or none.
    pub fn finish(mut self) -> Result<(), Error> {
        let known = Settings::fields();
        for (key, origin) in self.layers.file_keys() {
            if !known.iter().any(|field| field.key == key) {
                self.mistakes.push(Mistake {
                    key: "",
                    origin: origin.clone(),
                    message: format!("`{key}` is not a setting"),
                });
            }
        }
        if self.mistakes.is_empty() {
            Ok(())
        } else {
            Err(Error::Mistakes(self.mistakes))
        }
    }
}
