//! Signing, verifying, and everything that must be refused.

use std::sync::Arc;

use base::{ManualClock, OsRandom, Secret};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use serde_json::{Value, json};

use crate::*;

const SECRET: &str = "a-secret-of-at-least-thirty-two-bytes!";
const NOW: i64 = 1_790_000_000;

fn verifier_of(keys: Keys) -> Verifier {
    let clock = ManualClock::at(DateTime::from_timestamp(NOW, 0).unwrap());
    Verifier::new(keys, Arc::new(clock))
}

fn verifier() -> Verifier {
    verifier_of(Keys::from_secret(SECRET).unwrap())
}

fn check(claims: &Value, rules: TimeRules) -> Result<Claims, Error> {
    let keys = Keys::from_secret(SECRET).unwrap();
    verifier().verify(&keys.sign(claims), rules)
}

fn unsigned(header: &Value, claims: &Value) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.", encode(header), encode(claims))
}

#[test]
fn a_signed_token_verifies_and_keeps_its_payload_as_signed() {
    let claims = check(
        &json!({"sub": "u", "role": "authenticated", "exp": NOW + 1}),
        TimeRules::STRICT,
    )
    .unwrap();
    assert_eq!(
        claims.raw(),
        r#"{"sub":"u","role":"authenticated","exp":1790000001}"#
    );
    assert_eq!(Caller::from_claims(claims, "anon").role, "authenticated");
}

// REST-JWT-04: 30 seconds of tolerance; fractions are cut; null passes.
#[test]
fn times_are_checked_with_the_rules_asked_for() {
    assert!(check(&json!({"exp": NOW - 30}), TimeRules::REST).is_ok());
    assert_eq!(
        check(&json!({"exp": NOW - 31}), TimeRules::REST),
        Err(Error::Expired)
    );
    assert_eq!(
        check(&json!({"exp": NOW}), TimeRules::STRICT),
        Err(Error::Expired)
    );
    assert!(check(&json!({"exp": 1_789_999_970.5}), TimeRules::REST).is_ok());
    assert_eq!(
        check(&json!({"nbf": NOW + 31}), TimeRules::REST),
        Err(Error::NotYetValid)
    );
    assert_eq!(
        check(&json!({"iat": NOW + 31}), TimeRules::REST),
        Err(Error::IssuedInFuture)
    );
    assert!(check(&json!({"exp": null}), TimeRules::REST).is_ok());
}

// CVE-2026-54238: an expired token must not pass because its `exp` is a string.
#[test]
fn a_string_exp_is_refused() {
    assert_eq!(
        check(&json!({"exp": "1"}), TimeRules::REST),
        Err(Error::NotANumber("exp"))
    );
    assert_eq!(
        check(&json!({"aud": 5}), TimeRules::REST),
        Err(Error::AudienceShape)
    );
    assert_eq!(check(&json!([1]), TimeRules::REST), Err(Error::NotAnObject));
}

// GW-ASY-07, REST-JWT-02, AUTH-JWT-04: `none` and algorithm confusion.
#[test]
fn unsigned_and_confused_tokens_are_refused() {
    for name in ["none", "None", "NONE", "HS1", ""] {
        let token = unsigned(&json!({"alg": name}), &json!({"role": "service_role"}));
        assert_eq!(
            verifier().verify(&token, TimeRules::REST),
            Err(Error::Algorithm(name.to_owned()))
        );
    }
    let (keys, public) = es256();
    let x = public["x"].as_str().unwrap();
    let mut confused = settings::Keys::default();
    confused.jwt_secret = Secret::new(x.repeat(2));
    let token = Keys::from_settings(&confused)
        .unwrap()
        .sign(&json!({"role": "service_role"}));
    assert_eq!(
        verifier_of(keys).verify(&token, TimeRules::REST),
        Err(Error::Algorithm("HS256".into()))
    );
}

#[test]
fn malformed_tokens_have_a_named_fault() {
    let verify = |token: &str| verifier().verify(token, TimeRules::REST).unwrap_err();
    assert_eq!(verify(""), Error::Empty);
    assert_eq!(verify("a.b"), Error::Parts(2));
    assert_eq!(verify("a.b.c.d"), Error::Parts(4));
    assert_eq!(verify("!.b.c"), Error::Malformed);
    let other = Keys::from_secret("another-secret-of-thirty-two-bytes!!!!").unwrap();
    assert_eq!(verify(&other.sign(&json!({}))), Error::Signature);
}

fn es256() -> (Keys, Value) {
    // RFC 7515, appendix A.3: a published example key.
    let private = json!({
        "kty": "EC", "crv": "P-256", "kid": "k1", "alg": "ES256", "key_ops": ["sign", "verify"],
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
    });
    let mut settings = settings::Keys::default();
    settings.jwt_keys = Secret::new(json!([private]).to_string());
    let keys = Keys::from_settings(&settings).unwrap();
    let public = keys.published()[0].clone();
    (keys, public)
}

// GW-ASY-02, GW-ASY-03, AUTH-JWT-05: asymmetric keys sign; only their public part is published.
#[test]
fn an_asymmetric_key_signs_and_publishes_only_its_public_part() {
    let (keys, public) = es256();
    assert!(public.get("d").is_none());
    assert_eq!(public["key_ops"], json!(["verify"]));
    let token = keys.sign(&json!({"role": "anon"}));
    assert!(verifier_of(keys).verify(&token, TimeRules::REST).is_ok());
}

// GW-ASY-06, AUTH-JWT-04, AUTH-JWT-07: legacy tokens stay valid beside an asymmetric key.
#[test]
fn legacy_tokens_verify_beside_an_asymmetric_key() {
    let (_, public) = es256();
    let mut settings = settings::Keys::default();
    settings.jwt_secret = Secret::new(SECRET);
    settings.jwt_jwks = Secret::new(json!({"keys": [public]}).to_string());
    let verifier = verifier_of(Keys::from_settings(&settings).unwrap());
    let legacy = Keys::from_secret(SECRET)
        .unwrap()
        .sign(&json!({"role": "anon"}));
    assert!(verifier.verify(&legacy, TimeRules::REST).is_ok());
    let modern = es256().0.sign(&json!({"role": "anon"}));
    assert!(verifier.verify(&modern, TimeRules::REST).is_ok());
}

#[test]
fn ed25519_keys_sign() {
    let private = json!({
        // RFC 8037, appendix A.1.
        "kty": "OKP", "crv": "Ed25519", "key_ops": ["sign"],
        "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    });
    let mut settings = settings::Keys::default();
    settings.jwt_keys = Secret::new(json!([private]).to_string());
    let keys = Keys::from_settings(&settings).unwrap();
    let token = keys.sign(&json!({"role": "anon"}));
    assert!(verifier_of(keys).verify(&token, TimeRules::REST).is_ok());
}

#[test]
fn weak_or_missing_secrets_are_refused() {
    assert_eq!(
        Keys::from_secret("short").unwrap_err(),
        KeyError::TooShort(5)
    );
    assert_eq!(
        Keys::from_settings(&settings::Keys::default()).unwrap_err(),
        KeyError::Missing
    );
}

// AUTH-JWT-02, AUTH-JWT-03: an empty list is none, and exactly one key signs.
#[test]
fn one_key_of_a_list_signs_and_an_empty_list_is_none() {
    let with = |list: &Value| {
        let mut settings = settings::Keys::default();
        settings.jwt_secret = Secret::new(SECRET);
        settings.jwt_keys = Secret::new(list.to_string());
        Keys::from_settings(&settings)
    };
    let algorithm = |keys: &Keys| {
        let token = keys.sign(&json!({"role": "anon"}));
        let header = token.split('.').next().unwrap().to_owned();
        let header = base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(header)
            .unwrap();
        serde_json::from_slice::<Value>(&header).unwrap()["alg"].clone()
    };
    let keys = with(&json!([])).unwrap();
    assert_eq!(algorithm(&keys), "HS256");
    assert!(keys.published().is_empty());
    let signs = json!({
        "kty": "EC", "crv": "P-256", "kid": "k1", "alg": "ES256", "key_ops": ["sign", "verify"],
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
    });
    // "a-secret-of-at-least-thirty-two-bytes" in base64url: a key that verifies only.
    let old = json!({"kty": "oct", "k": "YS1zZWNyZXQtb2YtYXQtbGVhc3QtdGhpcnR5LXR3by1ieXRlcw", "alg": "HS256"});
    let keys = with(&json!([signs, old])).unwrap();
    assert_eq!(algorithm(&keys), "ES256");
    assert_eq!(keys.published().len(), 1);
    assert_eq!(
        with(&json!([signs, signs])).unwrap_err(),
        KeyError::Signing(2)
    );
    assert_eq!(with(&json!([old])).unwrap_err(), KeyError::Signing(0));
}

// GW-KEY-02, GW-KEY-03, GW-KEY-05, GW-KEY-08, GW-ASY-05, AUTH-KEY-01, AUTH-KEY-02, AUTH-KEY-05.
#[test]
fn api_keys_are_recognized_by_class() {
    let keys = Keys::from_secret(SECRET).unwrap();
    let mut settings = settings::Keys::default();
    settings.anon_key = ApiKeys::mint(&keys, ApiKeyClass::Anon, NOW, 60).unwrap();
    settings.secret_key = ApiKeys::mint_opaque(ApiKeyClass::Service, &OsRandom);
    let opaque = settings.secret_key.expose().to_owned();
    assert_eq!(opaque.len(), "sb_secret_".len() + 22 + 1 + 8);
    let api = ApiKeys::from_settings(&settings, &verifier(), NOW);
    assert_eq!(
        api.recognize(settings.anon_key.expose()).unwrap().0,
        ApiKeyClass::Anon
    );
    let (class, internal) = api.recognize(&opaque).unwrap();
    assert_eq!(class, ApiKeyClass::Service);
    assert!(internal.expose().starts_with("eyJ"));
    let minted = keys.sign(&json!({"role": "service_role"}));
    assert_eq!(api.recognize(&minted).unwrap().0, ApiKeyClass::Service);
    let user = keys.sign(&json!({"role": "authenticated", "sub": "u"}));
    assert!(api.recognize(&user).is_none());
    assert!(api.recognize("").is_none());
    let expired = ApiKeys::mint(&keys, ApiKeyClass::Anon, NOW - 100, 60).unwrap();
    assert!(api.recognize(expired.expose()).is_none());
}

// MIG-KEY-10: an earlier secret verifies until its time, also a token that is remembered, and never signs.
#[test]
fn an_earlier_secret_verifies_until_its_time_and_never_signs() {
    let earlier = "an-earlier-secret-of-thirty-two-bytes-or-so";
    let mut settings = settings::Keys::default();
    settings.jwt_secret = Secret::new("the-secret-in-use-of-thirty-two-bytes-or-so");
    settings.previous_jwt_secrets = vec![Secret::new(earlier)];
    settings.previous_jwt_secrets_until = Some(NOW + 60);
    let keys = Keys::from_settings(&settings).unwrap();
    let claims = json!({ "role": "anon" });
    let (old, new) = (
        Keys::from_secret(earlier).unwrap().sign(&claims),
        keys.sign(&claims),
    );
    let clock = Arc::new(ManualClock::at(DateTime::from_timestamp(NOW, 0).unwrap()));
    let verifier = Verifier::new(keys, clock.clone());
    assert!(verifier.verify_signature(&old).is_ok() && verifier.verify_signature(&new).is_ok());
    clock.advance(chrono::TimeDelta::seconds(59));
    assert!(verifier.verify_signature(&old).is_ok());
    clock.advance(chrono::TimeDelta::seconds(1));
    assert_eq!(
        verifier.verify_signature(&old).unwrap_err(),
        Error::Signature
    );
    assert!(verifier.verify_signature(&new).is_ok());
    let own = Keys::from_secret("the-secret-in-use-of-thirty-two-bytes-or-so").unwrap();
    assert!(
        verifier_of(own).verify_signature(&new).is_ok(),
        "the secret in use signs"
    );
}
