//! Addresses, as the auth server stores them.

use crate::inspect::{Address, Problem};

/// What is wrong with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailFault {
    /// None is there.
    Missing,
    /// More than 255 bytes.
    TooLong,
    /// Control characters or line ends in it.
    Control,
    /// Letters outside ASCII before the at sign.
    Local,
    /// The auth server would refuse it.
    Invalid,
}

impl EmailFault {
    /// Its stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "MIG-U-EMAIL-NULL",
            Self::TooLong => "MIG-U-EMAIL-LONG",
            Self::Control => "MIG-U-EMAIL-CONTROL",
            Self::Local => "MIG-U-EMAIL-LOCAL",
            Self::Invalid => "MIG-U-EMAIL-INVALID",
        }
    }
}

/// The address by which a user is stored and compared (MIG-DUP-01), or why there can be none: inspection's own reading.
pub fn normalize(raw: Option<&str>) -> Result<String, EmailFault> {
    let address = Address::read(raw.unwrap_or_default());
    if let Some(usable) = address.usable() {
        return Ok(usable.to_owned());
    }
    let has = |problem| address.problems.contains(&problem);
    Err(match () {
        () if has(Problem::Empty) => EmailFault::Missing,
        () if has(Problem::Control) => EmailFault::Control,
        () if has(Problem::Long) => EmailFault::TooLong,
        () if has(Problem::Local) => EmailFault::Local,
        () => EmailFault::Invalid,
    })
}
