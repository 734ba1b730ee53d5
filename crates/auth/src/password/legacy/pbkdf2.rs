//! PBKDF2 in the forms of Django, passlib, Werkzeug and ASP.NET Identity.

use ::pbkdf2::pbkdf2_hmac;
use base::constant_time_eq;

use super::Refusal;
use super::digest::Algorithm;
use super::text::{ab64, base64, fields, hex_bytes, is_salt, number};

/// HMACs computed for one password at most: about three seconds of a slow core. Frameworks of today ask for up to
/// 1,300,000.
const MOST: u64 = 5_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Django,
    Passlib,
    Werkzeug,
    AspNetV2,
    AspNetV3,
}

pub(super) struct Pbkdf2 {
    form: Form,
    algorithm: Algorithm,
    iterations: u32,
    salt: Vec<u8>,
    key: Vec<u8>,
}

impl Pbkdf2 {
    /// None when the text is of another format.
    pub(super) fn read(text: &str) -> Option<Result<Self, Refusal>> {
        let read = if let Some(rest) = text.strip_prefix("pbkdf2_") {
            Self::django(rest)
        } else if let Some(rest) = text.strip_prefix("pbkdf2:") {
            Self::werkzeug(rest)
        } else if let Some(rest) = text.strip_prefix("$pbkdf2") {
            Self::passlib(rest)
        } else {
            return Self::aspnet(text).map(Self::bounded);
        };
        Some(read.map_or(Err(Refusal::Unknown), Self::bounded))
    }

    fn bounded(self) -> Result<Self, Refusal> {
        let blocks = self.key.len().div_ceil(self.algorithm.bytes()) as u64;
        match self.algorithm {
            // No framework used these.
            Algorithm::Md5 | Algorithm::Sha224 | Algorithm::Sha384 => Err(Refusal::Unknown),
            _ if u64::from(self.iterations) * blocks > MOST => Err(Refusal::Costly),
            _ => Ok(self),
        }
    }

    /// `sha256$600000$salt$base64`
    fn django(rest: &str) -> Option<Self> {
        let [name, iterations, salt, key] = fields(rest, '$')?;
        let salt = is_salt(salt).then(|| salt.as_bytes().to_vec())?;
        Self::whole(Form::Django, name, iterations, salt, base64(key)?)
    }

    /// `sha256:600000$salt$hex`. Old releases left the iterations out, and nobody knows them now.
    fn werkzeug(rest: &str) -> Option<Self> {
        let [method, salt, key] = fields(rest, '$')?;
        let [name, iterations] = fields(method, ':')?;
        let salt = is_salt(salt).then(|| salt.as_bytes().to_vec())?;
        Self::whole(Form::Werkzeug, name, iterations, salt, hex_bytes(key)?)
    }

    /// `-sha256$29000$salt$key`; SHA-1 does without its name.
    fn passlib(rest: &str) -> Option<Self> {
        let [name, iterations, salt, key] = fields(rest, '$')?;
        let name = if name.is_empty() {
            "sha1"
        } else {
            name.strip_prefix('-')?
        };
        Self::whole(Form::Passlib, name, iterations, ab64(salt)?, ab64(key)?)
    }

    fn whole(
        form: Form,
        name: &str,
        iterations: &str,
        salt: Vec<u8>,
        key: Vec<u8>,
    ) -> Option<Self> {
        let algorithm = Algorithm::of_name(name)?;
        let iterations = number(iterations).filter(|iterations| *iterations > 0)?;
        (key.len() == algorithm.bytes()).then_some(Self {
            form,
            algorithm,
            iterations,
            salt,
            key,
        })
    }

    /// Base64 of a zero byte, salt and key; or of a one byte, function, iterations and length of the salt, big-endian,
    /// then salt and key.
    fn aspnet(text: &str) -> Option<Self> {
        let bytes = base64(text).filter(|_| text.len().is_multiple_of(4))?;
        match *bytes.first()? {
            0 if bytes.len() == 49 => Some(Self {
                form: Form::AspNetV2,
                algorithm: Algorithm::Sha1,
                iterations: 1_000,
                salt: bytes[1..17].to_vec(),
                key: bytes[17..].to_vec(),
            }),
            1 => Self::aspnet_v3(&bytes),
            _ => None,
        }
    }

    fn aspnet_v3(bytes: &[u8]) -> Option<Self> {
        let word = |at: usize| {
            let four: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
            Some(u32::from_be_bytes(four))
        };
        let algorithm = match word(1)? {
            0 => Algorithm::Sha1,
            1 => Algorithm::Sha256,
            2 => Algorithm::Sha512,
            _ => return None,
        };
        let (iterations, salt) = (word(5)?, usize::try_from(word(9)?).ok()?);
        if iterations == 0 || !(16..=128).contains(&salt) {
            return None;
        }
        let (salt, key) = bytes.get(13..)?.split_at_checked(salt)?;
        (16..=128).contains(&key.len()).then(|| Self {
            form: Form::AspNetV3,
            algorithm,
            iterations,
            salt: salt.to_vec(),
            key: key.to_vec(),
        })
    }

    pub(super) fn kind(&self) -> String {
        let name = self.algorithm.name();
        match self.form {
            Form::Django => format!("django-pbkdf2-{name}"),
            Form::Passlib => format!("passlib-pbkdf2-{name}"),
            Form::Werkzeug => format!("werkzeug-pbkdf2-{name}"),
            Form::AspNetV2 => "aspnet-v2".to_owned(),
            Form::AspNetV3 => "aspnet-v3".to_owned(),
        }
    }

    pub(super) fn is_of(&self, word: &[u8]) -> bool {
        let mut key = vec![0; self.key.len()];
        let derive = match self.algorithm {
            Algorithm::Sha1 => pbkdf2_hmac::<sha1::Sha1>,
            Algorithm::Sha256 => pbkdf2_hmac::<sha2::Sha256>,
            Algorithm::Sha512 => pbkdf2_hmac::<sha2::Sha512>,
            Algorithm::Md5 | Algorithm::Sha224 | Algorithm::Sha384 => return false,
        };
        derive(word, &self.salt, self.iterations, &mut key);
        constant_time_eq(&key, &self.key)
    }
}
