//! JSON Web Keys: which algorithms they allow, and their conversion to what the crypto library takes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use serde_json::{Map, Value, json};

use crate::keys::VerifyingKey;

/// A key that verifies.
pub(crate) fn verifying(key: &Value) -> Result<VerifyingKey, String> {
    let kid = member(key, "kid").ok().map(str::to_owned);
    let mut algorithms = family(key)?;
    if let Ok(name) = member(key, "alg") {
        algorithms.retain(|algorithm| crate::keys::algorithm_name(*algorithm) == name);
        if algorithms.is_empty() {
            return Err(format!("alg {name} does not fit the key type"));
        }
    }
    let lib = |error: jsonwebtoken::errors::Error| error.to_string();
    let decoding =
        match member(key, "kty")? {
            "oct" => DecodingKey::from_secret(&bytes(key, "k")?),
            "EC" => DecodingKey::from_ec_components(member(key, "x")?, member(key, "y")?)
                .map_err(lib)?,
            "RSA" => DecodingKey::from_rsa_components(member(key, "n")?, member(key, "e")?)
                .map_err(lib)?,
            _ => DecodingKey::from_ed_components(member(key, "x")?).map_err(lib)?,
        };
    Ok(VerifyingKey {
        kid,
        algorithms,
        key: decoding,
    })
}

/// Whether `key_ops` names `sign`.
pub(crate) fn may_sign(key: &Value) -> bool {
    key.get("key_ops")
        .and_then(Value::as_array)
        .is_some_and(|ops| ops.iter().any(|op| op == "sign"))
}

/// A key that signs.
pub(crate) fn signing(key: &Value) -> Result<(Option<String>, Algorithm, EncodingKey), String> {
    let verifying = verifying(key)?;
    let algorithm = verifying.algorithms[0];
    let encoding = match member(key, "kty")? {
        "oct" => EncodingKey::from_secret(&bytes(key, "k")?),
        "EC" => EncodingKey::from_ec_der(&ec_pkcs8(
            algorithm,
            &bytes(key, "d")?,
            &bytes(key, "x")?,
            &bytes(key, "y")?,
        )?),
        "RSA" => EncodingKey::from_rsa_der(&rsa_pkcs1(key)?),
        _ => EncodingKey::from_ed_der(&ed25519_pkcs8(&bytes(key, "d")?)?),
    };
    // A mismatched private part shows itself only when it signs.
    jsonwebtoken::crypto::sign(b"probe", &encoding, algorithm)
        .map_err(|error| error.to_string())?;
    Ok((verifying.kid, algorithm, encoding))
}

/// The public part as it is published; `None` for symmetric keys.
pub(crate) fn public_part(key: &Value) -> Option<Value> {
    let kept: &[&str] = match key.get("kty")?.as_str()? {
        "EC" => &["kty", "kid", "alg", "crv", "x", "y", "use"],
        "RSA" => &["kty", "kid", "alg", "n", "e", "use"],
        "OKP" => &["kty", "kid", "alg", "crv", "x", "use"],
        _ => return None,
    };
    let mut part: Map<String, Value> = kept
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), key.get(*name)?.clone())))
        .collect();
    part.insert("key_ops".to_owned(), json!(["verify"]));
    if !part.contains_key("alg") {
        let algorithm = family(key).ok()?[0];
        part.insert(
            "alg".to_owned(),
            json!(crate::keys::algorithm_name(algorithm)),
        );
    }
    Some(Value::Object(part))
}

fn family(key: &Value) -> Result<Vec<Algorithm>, String> {
    use Algorithm as A;
    match (member(key, "kty")?, key.get("crv").and_then(Value::as_str)) {
        ("oct", _) => Ok(vec![A::HS256, A::HS384, A::HS512]),
        ("RSA", _) => Ok(vec![
            A::RS256,
            A::RS384,
            A::RS512,
            A::PS256,
            A::PS384,
            A::PS512,
        ]),
        ("EC", Some("P-256")) => Ok(vec![A::ES256]),
        ("EC", Some("P-384")) => Ok(vec![A::ES384]),
        ("OKP", Some("Ed25519")) => Ok(vec![A::EdDSA]),
        (kty, _) => Err(format!("key type {kty} with this curve is not supported")),
    }
}

fn member<'a>(key: &'a Value, name: &str) -> Result<&'a str, String> {
    key.get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| format!("{name} is missing"))
}

fn bytes(key: &Value, name: &str) -> Result<Vec<u8>, String> {
    URL_SAFE_NO_PAD
        .decode(member(key, name)?.trim_end_matches('='))
        .map_err(|_| format!("{name} is not base64url"))
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        length @ 0..=0x7f => out.push(u8::try_from(length).expect("bounded")),
        length => {
            let bytes = length.to_be_bytes();
            let skip = bytes.iter().take_while(|byte| **byte == 0).count();
            out.push(0x80 | u8::try_from(bytes.len() - skip).expect("at most eight"));
            out.extend_from_slice(&bytes[skip..]);
        }
    }
    out.extend_from_slice(content);
    out
}

fn der_integer(value: &[u8]) -> Vec<u8> {
    let trimmed = &value[value.iter().take_while(|byte| **byte == 0).count()..];
    let mut content = Vec::with_capacity(trimmed.len() + 1);
    if trimmed.first().is_none_or(|byte| *byte >= 0x80) {
        content.push(0);
    }
    content.extend_from_slice(trimmed);
    der(0x02, &content)
}

/// The object identifier of elliptic-curve public keys, in DER.
const EC_PUBLIC_KEY: &[u8] = &[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];

/// RFC 5915 inside RFC 5208.
fn ec_pkcs8(algorithm: Algorithm, d: &[u8], x: &[u8], y: &[u8]) -> Result<Vec<u8>, String> {
    let (size, curve): (usize, &[u8]) = match algorithm {
        Algorithm::ES256 => (
            32,
            &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
        ),
        _ => (48, &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22]),
    };
    if [d, x, y].iter().any(|part| part.len() != size) {
        return Err(format!("d, x and y must have {size} bytes each"));
    }
    let point = [&[0x00, 0x04], x, y].concat();
    let inner = [der(0x02, &[1]), der(0x04, d), der(0xa1, &der(0x03, &point))].concat();
    let outer = [
        der(0x02, &[0]),
        der(0x30, &[EC_PUBLIC_KEY, curve].concat()),
        der(0x04, &der(0x30, &inner)),
    ]
    .concat();
    Ok(der(0x30, &outer))
}

/// RFC 8410.
fn ed25519_pkcs8(seed: &[u8]) -> Result<Vec<u8>, String> {
    if seed.len() != 32 {
        return Err("d must have 32 bytes".to_owned());
    }
    let outer = [
        der(0x02, &[0]),
        der(0x30, &[0x06, 0x03, 0x2b, 0x65, 0x70]),
        der(0x04, &der(0x04, seed)),
    ]
    .concat();
    Ok(der(0x30, &outer))
}

/// RFC 8017, appendix A.1.2.
fn rsa_pkcs1(key: &Value) -> Result<Vec<u8>, String> {
    let mut content = der(0x02, &[0]);
    for name in ["n", "e", "d", "p", "q", "dp", "dq", "qi"] {
        content.extend(der_integer(&bytes(key, name)?));
    }
    Ok(der(0x30, &content))
}
