//! Any text for a token: it is refused, unless it is one that was signed. A good one is mended by the fuzzer's bytes.
#![no_main]

use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt::{Keys, TimeRules, Verifier};
use libfuzzer_sys::fuzz_target;

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    Keys::from_secret("a secret of at least thirty-two characters").expect("a good secret")
});
static VERIFIER: LazyLock<Verifier> =
    LazyLock::new(|| Verifier::new(KEYS.clone(), Arc::new(base::SystemClock)));
static GOOD: LazyLock<String> =
    LazyLock::new(|| KEYS.sign(&serde_json::json!({ "role": "anon", "exp": 4_000_000_000_i64 })));

fuzz_target!(|data: &[u8]| {
    let Some((choice, rest)) = data.split_first() else { return };
    let token = match choice % 4 {
        0 => String::from_utf8_lossy(rest).into_owned(),
        // Header and claims as the fuzzer likes, encoded; the signature of another.
        1 => {
            let (header, claims) = rest.split_at(rest.len() / 2);
            let signature = GOOD.rsplit('.').next().unwrap_or_default();
            let encode = |bytes| URL_SAFE_NO_PAD.encode(bytes);
            format!("{}.{}.{signature}", encode(header), encode(claims))
        }
        // Claims of the fuzzer, signed with the secret: whatever they are, they are judged.
        2 => {
            let Ok(claims) = serde_json::from_slice::<serde_json::Value>(rest) else { return };
            let Some(token) = KEYS.sign_hs256(&serde_json::json!({ "alg": "HS256" }), &claims) else { return };
            let _ = VERIFIER.verify(&token, TimeRules::REST);
            let _ = VERIFIER.verify(&token, TimeRules::STRICT);
            return;
        }
        // One byte of a good token is another.
        _ => {
            let [at, byte, ..] = *rest else { return };
            let mut bytes = GOOD.clone().into_bytes();
            let at = usize::from(at) % bytes.len();
            bytes[at] = byte;
            String::from_utf8_lossy(&bytes).into_owned()
        }
    };
    if VERIFIER.verify(&token, TimeRules::REST).is_ok() {
        assert_eq!(token, *GOOD, "nobody signed this");
    }
});
