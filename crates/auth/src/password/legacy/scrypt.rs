//! scrypt in the forms of Werkzeug, Django, passlib and Node.

use base::constant_time_eq;

use super::Refusal;
use super::digest::Algorithm;
use super::text::{any_base64, fields, hex_bytes, is_salt, number};

/// Greatest N·r: a quarter of a gigabyte of memory.
const MOST_MEMORY: u64 = 1 << 21;
/// Greatest N·r·p: about two seconds of a slow core.
const MOST_WORK: u64 = 1 << 22;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Werkzeug,
    Django,
    Passlib,
    Node,
}

pub(super) struct Scrypt {
    form: Form,
    /// One reading, or several where the text does not say its parameters.
    readings: Vec<Reading>,
    key: Vec<u8>,
}

struct Reading {
    log_n: u8,
    r: u32,
    p: u32,
    salt: Vec<u8>,
}

impl Scrypt {
    /// None when the text is of another format.
    pub(super) fn read(text: &str) -> Option<Result<Self, Refusal>> {
        let read = if let Some(rest) = text.strip_prefix("scrypt:") {
            Self::werkzeug(rest)
        } else if let Some(rest) = text.strip_prefix("scrypt$") {
            Self::django(rest)
        } else if let Some(rest) = text.strip_prefix("$scrypt$") {
            Self::passlib(rest)
        } else {
            return Self::node(text).map(Ok);
        };
        Some(read.map_or(Err(Refusal::Unknown), Self::bounded))
    }

    fn bounded(self) -> Result<Self, Refusal> {
        let costly = self.readings.iter().any(|reading| {
            let memory = u64::from(reading.r)
                .checked_shl(reading.log_n.into())
                .filter(|memory| (1..=MOST_MEMORY).contains(memory));
            memory.is_none_or(|memory| memory * u64::from(reading.p) > MOST_WORK)
        });
        if costly {
            Err(Refusal::Costly)
        } else {
            Ok(self)
        }
    }

    /// `32768:8:1$salt$hex`
    fn werkzeug(rest: &str) -> Option<Self> {
        let [method, salt, key] = fields(rest, '$')?;
        let [n, r, p] = fields(method, ':')?;
        Self::whole(Form::Werkzeug, [n, r, p], salt, hex_bytes(key)?)
    }

    /// `16384$salt$8$5$base64`
    fn django(rest: &str) -> Option<Self> {
        let [n, salt, r, p, key] = fields(rest, '$')?;
        Self::whole(Form::Django, [n, r, p], salt, any_base64(key)?)
    }

    fn whole(form: Form, costs: [&str; 3], salt: &str, key: Vec<u8>) -> Option<Self> {
        let [n, r, p] = costs.map(number);
        // N is a power of two.
        let n = n.filter(|n| n.is_power_of_two() && *n > 1)?;
        let reading = Reading {
            log_n: u8::try_from(n.trailing_zeros()).ok()?,
            r: r.filter(|r| *r > 0)?,
            p: p.filter(|p| *p > 0)?,
            salt: is_salt(salt).then(|| salt.as_bytes().to_vec())?,
        };
        (key.len() == 64).then(|| Self {
            form,
            readings: vec![reading],
            key,
        })
    }

    /// `ln=16,r=8,p=1$salt$key`
    fn passlib(rest: &str) -> Option<Self> {
        let [options, salt, key] = fields(rest, '$')?;
        let [ln, r, p] = fields(options, ',')?;
        let value = |text: &str, name: &str| number(text.strip_prefix(name)?).filter(|it| *it > 0);
        let reading = Reading {
            log_n: u8::try_from(value(ln, "ln=")?).ok().filter(|ln| *ln < 32)?,
            r: value(r, "r=")?,
            p: value(p, "p=")?,
            salt: any_base64(salt)?,
        };
        let key = any_base64(key)?;
        (key.len() == 32).then(|| Self {
            form: Form::Passlib,
            readings: vec![reading],
            key,
        })
    }

    /// Sixteen bytes of salt and 64 of key in hex, `salt:key` or `key.salt`. `crypto.scrypt` leaves its parameters
    /// out: those of Node itself (r = 8) and those of Better Auth (r = 16), the salt as bytes or as its digits.
    fn node(text: &str) -> Option<Self> {
        let (salt, key) = match text.split_once(':') {
            Some(parts) => parts,
            None => text.split_once('.').map(|(key, salt)| (salt, key))?,
        };
        let bytes = hex_bytes(salt).filter(|salt| salt.len() == 16)?;
        let key = hex_bytes(key).filter(|key| key.len() == 64)?;
        let reading = |r, salt: &[u8]| Reading {
            log_n: 14,
            r,
            p: 1,
            salt: salt.to_vec(),
        };
        Some(Self {
            form: Form::Node,
            readings: vec![
                reading(16, salt.as_bytes()),
                reading(8, salt.as_bytes()),
                reading(8, &bytes),
            ],
            key,
        })
    }

    pub(super) fn kind(&self) -> &'static str {
        match self.form {
            Form::Werkzeug => "werkzeug-scrypt",
            Form::Django => "django-scrypt",
            Form::Passlib => "passlib-scrypt",
            Form::Node => "node-scrypt",
        }
    }

    pub(super) fn is_of(&self, word: &[u8]) -> bool {
        // All readings, whichever fits: the time tells nothing.
        let mut found = false;
        for reading in &self.readings {
            found |= self
                .derived(reading, word)
                .is_some_and(|key| constant_time_eq(&key, &self.key));
            if self.form == Form::Node {
                // Just so is a salted SHA-512 written.
                let plain = Algorithm::Sha512;
                found |= constant_time_eq(&plain.digest(&[&reading.salt, word]), &self.key);
                found |= constant_time_eq(&plain.digest(&[word, &reading.salt]), &self.key);
            }
        }
        found
    }

    fn derived(&self, reading: &Reading, word: &[u8]) -> Option<Vec<u8>> {
        let Reading { log_n, r, p, salt } = reading;
        let mut key = vec![0; self.key.len()];
        let params = ::scrypt::Params::new(*log_n, *r, *p, key.len()).ok()?;
        ::scrypt::scrypt(word, salt, &params, &mut key).ok()?;
        Some(key)
    }
}
