//! Sign-in by a wallet: a message that names the application and the wallet's address, signed by the wallet.

mod ethereum;
mod message;
mod solana;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use url::Url;

use crate::Error;
use crate::body::Object;
use crate::oauth::Profile;
use crate::service::Inner;
pub(crate) use message::Message;

/// The chains whose wallets sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chain {
    Solana,
    Ethereum,
}

/// Shortest and longest messages, bytes.
const LEAST: usize = 64;
const MOST: usize = 20 * 1024;

impl Chain {
    /// The chain of a name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        match name {
            "solana" => Some(Self::Solana),
            "ethereum" => Some(Self::Ethereum),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Solana => "solana",
            Self::Ethereum => "ethereum",
        }
    }

    /// As sentences name it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Solana => "Solana",
            Self::Ethereum => "Ethereum",
        }
    }

    /// Whether an address has the chain's form; in its one spelling.
    fn address(self, text: &str) -> Option<String> {
        let good = match self {
            Self::Solana => {
                (32..=44).contains(&text.len())
                    && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
            }
            Self::Ethereum => text.strip_prefix("0x").is_some_and(|digits| {
                digits.len() == 40 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
            }),
        };
        // Upper and lower case of an Ethereum address are a check sum: the wallet is the same.
        good.then(|| match self {
            Self::Solana => text.to_owned(),
            Self::Ethereum => text.to_ascii_lowercase(),
        })
    }

    /// Whether a network of the chain is of that name.
    fn network(self, text: &str) -> bool {
        match self {
            Self::Solana => {
                let bare = text.strip_prefix("solana:").unwrap_or(text);
                ["mainnet", "testnet", "devnet", "localnet", "mainnet-beta"].contains(&bare)
            }
            Self::Ethereum => {
                !text.is_empty()
                    && text.len() <= 32
                    && text.bytes().all(|byte| byte.is_ascii_digit())
            }
        }
    }

    fn validity(self, service: &Inner) -> TimeDelta {
        let span = match self {
            Self::Solana => service.settings.web3_solana_validity,
            Self::Ethereum => service.settings.web3_ethereum_validity,
        };
        TimeDelta::from_std(span).unwrap_or(TimeDelta::MAX)
    }
}

/// Checks a signed message in every respect; who it shows somebody to be.
pub(crate) fn verify(
    service: &Inner,
    chain: Chain,
    text: &str,
    signature: &str,
) -> Result<(Message, Profile), Error> {
    if text.len() < LEAST {
        return Err(Error::validation("message is too short"));
    }
    if text.len() > MOST {
        return Err(Error::validation("message must not exceed 20KB"));
    }
    let signature = match chain {
        Chain::Solana => solana::signature(signature)?.to_vec(),
        Chain::Ethereum => ethereum::signature(signature)?.to_vec(),
    };
    let message = Message::parse(chain, text).map_err(Error::validation)?;
    let signed = match chain {
        Chain::Solana => solana::is_signed(&message.address, text, &signature),
        Chain::Ethereum => ethereum::is_signed(&message.address, text, &signature),
    };
    if !signed {
        return Err(refused("Signature does not match address in message"));
    }
    is_for_us(service, chain, &message)?;
    is_in_time(chain, &message, chain.validity(service), service.now())?;
    let subject = format!("web3:{}:{}", chain.name(), message.address);
    let profile = Profile::of_wallet(&subject, custom(chain, &message))
        .ok_or_else(|| Error::Internal("a wallet without an address".into()))?;
    Ok((message, profile))
}

fn custom(chain: Chain, message: &Message) -> Object {
    let mut claims = Object::new();
    for (name, value) in [
        ("address", json!(message.address)),
        ("chain", json!(chain.name())),
        ("network", json!(message.network)),
        ("domain", json!(message.domain)),
        (
            "statement",
            message
                .statement
                .as_deref()
                .map_or(Value::Null, |text| json!(text)),
        ),
    ] {
        claims.insert(name.to_owned(), value);
    }
    claims
}

fn refused(message: impl Into<String>) -> Error {
    Error::OAuth("invalid_grant", message.into())
}

/// A message that another site had signed is of no use here.
fn is_for_us(service: &Inner, chain: Chain, message: &Message) -> Result<(), Error> {
    let title = chain.title();
    let Ok(uri) = Url::parse(&message.uri) else {
        return Err(Error::validation("URI is not a valid URL"));
    };
    let local = uri.host_str() == Some("localhost");
    if uri.scheme() != "https" && !local {
        return Err(refused(format!(
            "Signed {title} message is using URI which does not use HTTPS"
        )));
    }
    if !service.redirects.accepts(&message.uri) {
        return Err(refused(format!(
            "Signed {title} message is using URI which is not allowed on this server, message was signed for another app"
        )));
    }
    let host = uri.host_str().map(|host| match uri.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    });
    let same = host.is_some_and(|host| host.eq_ignore_ascii_case(&message.domain));
    let known = service
        .redirects
        .accepts(&format!("https://{}/", message.domain));
    let ours = local || (same && known);
    if !ours {
        return Err(refused(format!(
            "Signed {title} message is using a Domain that does not match the one in URI which is not allowed on this server"
        )));
    }
    Ok(())
}

fn is_in_time(
    chain: Chain,
    message: &Message,
    validity: TimeDelta,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let title = chain.title();
    let why = if message.not_before.is_some_and(|from| now < from) {
        format!("Signed {title} message becomes valid in the future")
    } else if message.expires.is_some_and(|end| now > end) {
        format!("Signed {title} message is expired")
    } else if now - message.issued > validity {
        format!("{title} message was issued too long ago")
    } else if message.issued - now > validity {
        format!("{title} message was issued too far in the future")
    } else {
        return Ok(());
    };
    Err(refused(why))
}

#[cfg(test)]
mod tests;
