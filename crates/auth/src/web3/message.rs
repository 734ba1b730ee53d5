//! What wallets sign: EIP-4361, and the same for Solana.

use chrono::{DateTime, Utc};

use super::Chain;

/// A message, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) domain: String,
    pub(crate) address: String,
    pub(crate) statement: Option<String>,
    pub(crate) uri: String,
    /// Empty where none is named.
    pub(crate) network: String,
    pub(crate) issued: DateTime<Utc>,
    pub(crate) expires: Option<DateTime<Utc>>,
    pub(crate) not_before: Option<DateTime<Utc>>,
}

/// What the lines after the statement say.
#[derive(Debug, Default)]
struct Fields {
    uri: Option<String>,
    version: String,
    network: String,
    issued: Option<DateTime<Utc>>,
    expires: Option<DateTime<Utc>>,
    not_before: Option<DateTime<Utc>>,
}

impl Message {
    /// Reads a message; what is wrong with it, for whoever asks.
    pub(crate) fn parse(chain: Chain, text: &str) -> Result<Self, String> {
        let begin = match chain {
            Chain::Solana => "siws",
            Chain::Ethereum => "siwe",
        };
        read(chain, text).map_err(|why| format!("{begin}: {why}"))
    }
}

fn read(chain: Chain, text: &str) -> Result<Message, String> {
    let lines: Vec<&str> = text.split('\n').collect();
    if lines.len() < 6 {
        return Err("message is too short".into());
    }
    let header = format!(" wants you to sign in with your {} account:", chain.title());
    let domain = lines[0]
        .strip_suffix(header.as_str())
        .ok_or("message first line does not end in the expected sentence")?
        .trim();
    if !is_domain(domain) {
        return Err("domain in first line of message is not valid".into());
    }
    let address = chain
        .address(lines[1].trim())
        .ok_or("wallet address is not in the expected format")?;
    if !lines[2].is_empty() {
        return Err("third line must be empty".into());
    }
    let has_statement = !lines[3].is_empty() && lines[4].is_empty();
    let begin = if has_statement { 5 } else { 3 };
    let fields = fields(chain, &lines, begin)?;
    if fields.version != "1" {
        return Err(format!("version {} is not supported", fields.version));
    }
    let issued = fields.issued.ok_or("Issued At is not specified")?;
    let uri = fields.uri.ok_or("URI is not specified")?;
    if fields.expires.is_some_and(|end| issued > end) {
        return Err("Issued At is after Expiration Time".into());
    }
    if let (Some(from), Some(end)) = (fields.not_before, fields.expires)
        && from > end
    {
        return Err("Not Before is after Expiration Time".into());
    }
    Ok(Message {
        domain: domain.to_owned(),
        address,
        statement: has_statement.then(|| lines[3].to_owned()),
        uri,
        network: fields.network,
        issued,
        expires: fields.expires,
        not_before: fields.not_before,
    })
}

fn fields(chain: Chain, lines: &[&str], begin: usize) -> Result<Fields, String> {
    let mut fields = Fields::default();
    let mut in_resources = false;
    for (index, line) in lines.iter().enumerate().skip(begin) {
        let line = line.trim();
        if in_resources && let Some(resource) = line.strip_prefix("- ") {
            url::Url::parse(resource.trim())
                .map_err(|_| format!("a resource on line {index} is not a valid URL"))?;
            continue;
        }
        in_resources = line == "Resources:";
        if line.is_empty() || in_resources {
            continue;
        }
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| format!("line {index} cannot be read"))?;
        let value = value.trim();
        match name {
            "URI" => {
                url::Url::parse(value).map_err(|_| "URI is not valid")?;
                fields.uri = Some(value.to_owned());
            }
            "Version" => value.clone_into(&mut fields.version),
            "Chain ID" => {
                let may_be_empty = chain == Chain::Solana && value.is_empty();
                if !may_be_empty && !chain.network(value) {
                    return Err("Chain ID is not valid".into());
                }
                value.clone_into(&mut fields.network);
            }
            "Issued At" => fields.issued = Some(time(name, value)?),
            "Expiration Time" => fields.expires = Some(time(name, value)?),
            "Not Before" => fields.not_before = Some(time(name, value)?),
            // What an application writes for itself.
            _ => {}
        }
    }
    Ok(fields)
}

fn time(name: &str, value: &str) -> Result<DateTime<Utc>, String> {
    DateTime::parse_from_rfc3339(value)
        .map(|time| time.to_utc())
        .map_err(|_| format!("{name} is not a valid time"))
}

/// A host, perhaps with a port.
fn is_domain(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    !text.is_empty()
        && text.chars().all(plain)
        && url::Url::parse(&format!("https://{text}/")).is_ok_and(|url| url.path() == "/")
}
