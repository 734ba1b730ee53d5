//! What a setting may hold and how a person writes it.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use base::Secret;

/// A type that a setting can have.
pub trait Value: Sized {
    /// Its kind, in words.
    const SHAPE: &'static str;

    /// Reads it from text; the error completes "… is not ".
    fn parse(text: &str) -> Result<Self, String>;
}

macro_rules! from_str {
    ($shape:literal: $($ty:ty),+) => { $(
        impl Value for $ty {
            const SHAPE: &'static str = $shape;
            fn parse(text: &str) -> Result<Self, String> {
                text.trim().parse().map_err(|_| format!("a {}", $shape))
            }
        }
    )+ };
}

from_str!("whole number": u16, u32, u64, usize, i64, i32);
from_str!("number": f64);
from_str!("IP address": IpAddr);
from_str!("address and port": SocketAddr);

impl Value for String {
    const SHAPE: &'static str = "text";
    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}

impl Value for Secret {
    const SHAPE: &'static str = "secret text";
    fn parse(text: &str) -> Result<Self, String> {
        Ok(Self::new(text))
    }
}

impl Value for PathBuf {
    const SHAPE: &'static str = "path";
    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.into())
    }
}

impl Value for bool {
    const SHAPE: &'static str = "true or false";
    fn parse(text: &str) -> Result<Self, String> {
        match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Ok(true),
            "false" | "no" | "off" | "0" => Ok(false),
            _ => Err("true or false".to_owned()),
        }
    }
}

/// An empty text means "not set".
impl<T: Value> Value for Option<T> {
    const SHAPE: &'static str = T::SHAPE;
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            Ok(None)
        } else {
            T::parse(text).map(Some)
        }
    }
}

/// Separated by commas; spaces around a member do not count; empty members are left out.
impl<T: Value> Value for Vec<T> {
    const SHAPE: &'static str = "list separated by commas";
    fn parse(text: &str) -> Result<Self, String> {
        text.split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(T::parse)
            .collect()
    }
}

/// `90` (seconds), `500ms`, `30s`, `15m`, `2h`, `7d`, and sums such as `1h30m`.
impl Value for Duration {
    const SHAPE: &'static str = "duration";
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "a duration such as 30s, 15m or 1h30m".to_owned();
        let text = text.trim();
        if let Ok(seconds) = text.parse::<f64>() {
            return Self::try_from_secs_f64(seconds).map_err(|_| wrong());
        }
        let mut rest = text;
        let mut sum = Self::ZERO;
        while !rest.is_empty() {
            let digits = rest
                .find(|c: char| !c.is_ascii_digit() && c != '.')
                .ok_or_else(wrong)?;
            let number: f64 = rest[..digits].parse().map_err(|_| wrong())?;
            rest = &rest[digits..];
            let unit = rest
                .find(|c: char| c.is_ascii_digit())
                .unwrap_or(rest.len());
            let seconds = match rest[..unit].trim() {
                "us" | "µs" => 1e-6,
                "ms" => 1e-3,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3_600.0,
                "d" => 86_400.0,
                "w" => 604_800.0,
                _ => return Err(wrong()),
            };
            rest = &rest[unit..];
            sum += Self::try_from_secs_f64(number * seconds).map_err(|_| wrong())?;
        }
        if text.is_empty() {
            Err(wrong())
        } else {
            Ok(sum)
        }
    }
}

/// A quantity of bytes: `50MB`, `64KiB`, `1048576`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

impl Value for ByteSize {
    const SHAPE: &'static str = "size";
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "a size such as 52428800, 50MB or 64KiB".to_owned();
        let text = text.trim();
        let digits = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        let number: u64 = text[..digits].parse().map_err(|_| wrong())?;
        let factor = match text[digits..].trim().to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "k" | "kb" | "kib" => 1 << 10,
            "m" | "mb" | "mib" => 1 << 20,
            "g" | "gb" | "gib" => 1 << 30,
            "t" | "tb" | "tib" => 1 << 40,
            _ => return Err(wrong()),
        };
        number.checked_mul(factor).map(Self).ok_or_else(wrong)
    }
}

/// Declares an enum whose variants are written as words.
macro_rules! words {
    (
        $(#[doc = $doc:literal])*
        pub enum $name:ident { $( $(#[doc = $variant_doc:literal])* $variant:ident = $word:literal, )+ }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $( $(#[doc = $variant_doc])* $variant, )+ }

        impl $crate::Value for $name {
            const SHAPE: &'static str = concat!($("`", $word, "` ",)+);
            fn parse(text: &str) -> Result<Self, String> {
                match text.trim() {
                    $( $word => Ok(Self::$variant), )+
                    _ => Err(format!("one of {}", [$($word),+].join(", "))),
                }
            }
        }
    };
}

pub(crate) use words;
