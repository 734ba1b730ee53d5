//! The two forms of a connection string, taken apart into libpq's parameters.

use std::borrow::Cow;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{
    ChannelBinding, LoadBalanceHosts, SslNegotiation, TargetSessionAttrs,
};

use super::EndpointError;

/// Parameters in the order given; a later one wins.
pub(super) type Params = Vec<(String, String)>;

pub(super) fn read(text: &str) -> Result<Params, EndpointError> {
    let text = text.trim();
    let params = match text
        .strip_prefix("postgresql://")
        .or_else(|| text.strip_prefix("postgres://"))
    {
        Some(rest) => read_uri(rest)?,
        None if text.contains("://") => {
            return Err(EndpointError(
                "it must begin with postgresql:// or postgres://".into(),
            ));
        }
        None => read_pairs(text)?,
    };
    if let Some((key, _)) = params.iter().find(|(_, value)| value.contains('\0')) {
        return Err(EndpointError(format!("{key} holds a NUL byte")));
    }
    Ok(params)
}

/// The last value given for a parameter; an empty one counts as not given, as in libpq.
pub(super) fn last<'a>(params: &'a Params, key: &str) -> Option<&'a str> {
    params
        .iter()
        .rev()
        .find(|(name, _)| name == key)
        .map(|(_, value)| value.as_str())
        .filter(|value| !value.is_empty())
}

fn read_uri(rest: &str) -> Result<Params, EndpointError> {
    let mut params = Params::new();
    let (rest, query) = rest
        .split_once('?')
        .map_or((rest, ""), |(left, right)| (left, right));
    // A password that holds a bare `@` is forgiven: the last one counts.
    let (login, rest) = match rest.rsplit_once('@') {
        Some((login, rest)) => (Some(login), rest),
        None => (None, rest),
    };
    if let Some(login) = login {
        let (user, password) = match login.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (login, None),
        };
        push(&mut params, "user", user)?;
        if let Some(password) = password {
            push(&mut params, "password", password)?;
        }
    }
    let (hosts, database) = rest
        .split_once('/')
        .map_or((rest, ""), |(left, right)| (left, right));
    if !hosts.is_empty() {
        let (mut names, mut ports) = (Vec::new(), Vec::new());
        for host in hosts.split(',') {
            let (name, port) = split_port(host)?;
            names.push(decode(name)?.into_owned());
            ports.push(decode(port)?.into_owned());
        }
        params.push(("host".into(), names.join(",")));
        params.push(("port".into(), ports.join(",")));
    }
    push(&mut params, "dbname", database)?;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let Some((key, value)) = pair.split_once('=') else {
            return Err(EndpointError(format!("parameter {pair} has no value")));
        };
        let key = decode(key)?.into_owned();
        push(&mut params, &key, value)?;
    }
    Ok(params)
}

fn push(params: &mut Params, key: &str, value: &str) -> Result<(), EndpointError> {
    if !value.is_empty() {
        params.push((key.to_owned(), decode(value)?.into_owned()));
    }
    Ok(())
}

fn decode(text: &str) -> Result<Cow<'_, str>, EndpointError> {
    percent_decode_str(text)
        .decode_utf8()
        .map_err(|_| EndpointError("its percent-encoding is not UTF-8".into()))
}

fn split_port(host: &str) -> Result<(&str, &str), EndpointError> {
    if let Some(rest) = host.strip_prefix('[') {
        let (name, rest) = rest
            .split_once(']')
            .ok_or_else(|| EndpointError("an IPv6 address lacks its closing ]".into()))?;
        let port = match rest {
            "" => "",
            rest => rest
                .strip_prefix(':')
                .ok_or_else(|| EndpointError("only :port may follow an IPv6 address".into()))?,
        };
        return Ok((name, port));
    }
    match host.split_once(':') {
        Some((_, port)) if port.contains(':') => Err(EndpointError(
            "an IPv6 address stands in brackets: [::1]:5432".into(),
        )),
        Some((name, port)) => Ok((name, port)),
        None => Ok((host, "")),
    }
}

fn read_pairs(text: &str) -> Result<Params, EndpointError> {
    let mut params = Params::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (key, after) = rest
            .split_once('=')
            .ok_or_else(|| EndpointError("a key=value pair lacks its =".into()))?;
        let key = key.trim_end();
        if key.is_empty() || key.contains(char::is_whitespace) {
            return Err(EndpointError("a key=value pair lacks its =".into()));
        }
        let (value, after) = read_value(after.trim_start(), key)?;
        params.push((key.to_owned(), value));
        rest = after.trim_start();
    }
    Ok(params)
}

/// A value up to white space, or in single quotes; a backslash takes the next character as it is.
fn read_value<'a>(text: &'a str, key: &str) -> Result<(String, &'a str), EndpointError> {
    let quoted = text.starts_with('\'');
    let mut value = String::new();
    let mut chars = text.char_indices().skip(usize::from(quoted));
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            '\'' if quoted => return Ok((value, &text[at + 1..])),
            c if !quoted && c.is_whitespace() => return Ok((value, &text[at..])),
            c => value.push(c),
        }
    }
    if quoted {
        return Err(EndpointError(format!(
            "the value of {key} lacks its closing quote"
        )));
    }
    Ok((value, ""))
}

/// Everything but TLS, as tokio-postgres holds it.
pub(super) fn configure(params: &Params) -> Result<Config, EndpointError> {
    let mut config = Config::new();
    for (key, _) in params {
        if !KNOWN.contains(&key.as_str()) {
            return Err(EndpointError(match key.as_str() {
                "passfile" | "service" => {
                    format!("{key} cannot be part of it; name what it stands for")
                }
                _ => format!("{key} is not a parameter of a connection"),
            }));
        }
    }
    where_to(&mut config, params)?;
    config.user(last(params, "user").unwrap_or("postgres"));
    if let Some(password) = last(params, "password") {
        config.password(password);
    }
    if let Some(database) = last(params, "dbname") {
        config.dbname(database);
    }
    if let Some(options) = last(params, "options") {
        config.options(options);
    }
    if let Some(name) =
        last(params, "application_name").or(last(params, "fallback_application_name"))
    {
        config.application_name(name);
    }
    if last(params, "client_encoding")
        .is_some_and(|it| !["utf8", "utf-8", "auto"].contains(&it.to_lowercase().as_str()))
    {
        return Err(EndpointError("client_encoding can only be UTF8".into()));
    }
    timing(&mut config, params)?;
    words(&mut config, params)?;
    Ok(config)
}

const KNOWN: [&str; 27] = [
    "user",
    "password",
    "dbname",
    "host",
    "hostaddr",
    "port",
    "options",
    "application_name",
    "fallback_application_name",
    "client_encoding",
    "connect_timeout",
    "tcp_user_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "keepalives_retries",
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "sslnegotiation",
    "sslsni",
    "gssencmode",
    "target_session_attrs",
    "channel_binding",
    "load_balance_hosts",
];

fn where_to(config: &mut Config, params: &Params) -> Result<(), EndpointError> {
    let wrong = |key: &str| EndpointError(format!("{key} is not valid"));
    let hosts = last(params, "host").map_or(0, |hosts| hosts.split(',').count());
    let addresses = last(params, "hostaddr").map_or(0, |list| list.split(',').count());
    for host in last(params, "host").unwrap_or("localhost").split(',') {
        config.host(if host.is_empty() { "localhost" } else { host });
    }
    for address in last(params, "hostaddr")
        .into_iter()
        .flat_map(|list| list.split(','))
    {
        config.hostaddr(address.parse().map_err(|_| wrong("hostaddr"))?);
    }
    if hosts > 0 && addresses > 0 && hosts != addresses {
        return Err(EndpointError(
            "host and hostaddr name different numbers of hosts".into(),
        ));
    }
    let ports: Vec<&str> = last(params, "port").unwrap_or("").split(',').collect();
    if ports.len() > 1 && ports.len() != hosts.max(addresses).max(1) {
        return Err(EndpointError(
            "there are more or fewer ports than hosts".into(),
        ));
    }
    for port in ports {
        let port: u16 = if port.is_empty() {
            5432
        } else {
            port.parse().map_err(|_| wrong("port"))?
        };
        config.port(if port == 0 {
            return Err(wrong("port"));
        } else {
            port
        });
    }
    Ok(())
}

fn timing(config: &mut Config, params: &Params) -> Result<(), EndpointError> {
    let number = |key: &str| -> Result<Option<u64>, EndpointError> {
        last(params, key)
            .map(|value| {
                value
                    .parse::<u64>()
                    .map_err(|_| EndpointError(format!("{key} is not a number")))
            })
            .transpose()
    };
    if let Some(seconds) = number("connect_timeout")?.filter(|seconds| *seconds > 0) {
        config.connect_timeout(Duration::from_secs(seconds));
    }
    if let Some(millis) = number("tcp_user_timeout")?.filter(|millis| *millis > 0) {
        config.tcp_user_timeout(Duration::from_millis(millis));
    }
    if let Some(on) = number("keepalives")? {
        config.keepalives(on != 0);
    }
    if let Some(seconds) = number("keepalives_idle")?.filter(|seconds| *seconds > 0) {
        config.keepalives_idle(Duration::from_secs(seconds));
    }
    if let Some(seconds) = number("keepalives_interval")?.filter(|seconds| *seconds > 0) {
        config.keepalives_interval(Duration::from_secs(seconds));
    }
    if let Some(count) = number("keepalives_count")?.or(number("keepalives_retries")?) {
        config.keepalives_retries(u32::try_from(count).unwrap_or(u32::MAX));
    }
    Ok(())
}

fn words(config: &mut Config, params: &Params) -> Result<(), EndpointError> {
    let wrong = |key: &str, value: &str| EndpointError(format!("{key} cannot be {value}"));
    if let Some(value) = last(params, "target_session_attrs") {
        config.target_session_attrs(match value {
            "any" => TargetSessionAttrs::Any,
            "read-write" | "primary" => TargetSessionAttrs::ReadWrite,
            "read-only" | "standby" => TargetSessionAttrs::ReadOnly,
            other => return Err(wrong("target_session_attrs", other)),
        });
    }
    if let Some(value) = last(params, "channel_binding") {
        config.channel_binding(match value {
            "disable" => ChannelBinding::Disable,
            "prefer" => ChannelBinding::Prefer,
            "require" => ChannelBinding::Require,
            other => return Err(wrong("channel_binding", other)),
        });
    }
    if let Some(value) = last(params, "load_balance_hosts") {
        config.load_balance_hosts(match value {
            "disable" => LoadBalanceHosts::Disable,
            "random" => LoadBalanceHosts::Random,
            other => return Err(wrong("load_balance_hosts", other)),
        });
    }
    if let Some(value) = last(params, "sslnegotiation") {
        config.ssl_negotiation(match value {
            "postgres" => SslNegotiation::Postgres,
            "direct" => SslNegotiation::Direct,
            other => return Err(wrong("sslnegotiation", other)),
        });
    }
    match last(params, "gssencmode") {
        None | Some("disable" | "prefer") => Ok(()),
        Some(other) => Err(wrong("gssencmode", other)),
    }
}
