//! Tokens in the addresses of signed downloads and uploads.

use base::SharedClock;
use jwt::{Claims, Keys, TimeRules, Verifier};
use serde_json::{Map, Value, json};

use crate::Error;
use crate::caller::words;

/// What a signed address is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Download,
    Upload,
}

impl Purpose {
    fn scope(self) -> &'static str {
        match self {
            Self::Download => "download",
            Self::Upload => "upload",
        }
    }
}

/// Makes and reads the tokens.
#[derive(Debug, Clone)]
pub(crate) struct Signer {
    pub(crate) keys: Keys,
    pub(crate) verifier: Verifier,
    pub(crate) clock: SharedClock,
}

impl Signer {
    /// A token for `<bucket>/<key>`, good for so many seconds.
    pub(crate) fn sign(
        &self,
        purpose: Purpose,
        url: &str,
        seconds: i64,
        more: Map<String, Value>,
    ) -> String {
        let now = self.clock.unix();
        let mut claims = more;
        claims.insert("url".into(), json!(url));
        claims.insert("scope".into(), json!(purpose.scope()));
        claims.insert("iat".into(), json!(now));
        claims.insert("exp".into(), json!(now.saturating_add(seconds)));
        self.keys
            .sign_hs256(&json!({ "alg": "HS256" }), &claims)
            .unwrap_or_else(|| self.keys.sign(&claims))
    }

    /// The claims of a token that is good for this purpose and object.
    pub(crate) fn check(&self, purpose: Purpose, url: &str, token: &str) -> Result<Claims, Error> {
        let claims = self
            .verifier
            .verify(token, TimeRules::STRICT)
            .map_err(|error| Error::SignedToken(words(&error)))?;
        // Older releases gave no scope: an upload's token is then known by its claim `upsert`.
        let fits = match claims.text("scope") {
            Some(scope) => scope == purpose.scope(),
            None => claims.get("upsert").is_some() == (purpose == Purpose::Upload),
        };
        if !fits {
            return Err(Error::Scope(purpose.scope()));
        }
        if claims.text("url") != Some(url) {
            return Err(Error::Signature);
        }
        Ok(claims)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use base::ManualClock;
    use chrono::TimeDelta;

    use super::*;

    fn signer() -> (Signer, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::starting_now());
        let keys = Keys::from_secret("a-secret-of-at-least-thirty-two-bytes").unwrap();
        let verifier = Verifier::new(keys.clone(), clock.clone());
        (
            Signer {
                keys,
                verifier,
                clock: clock.clone(),
            },
            clock,
        )
    }

    #[test]
    fn a_token_opens_one_object_for_one_purpose_until_it_expires() {
        let (signer, clock) = signer();
        let token = signer.sign(Purpose::Download, "b/a.txt", 60, Map::new());
        // STO-TOK-04: no `typ` in the header.
        assert!(token.starts_with("eyJhbGciOiJIUzI1NiJ9."));
        // STO-SIG-02
        let claims = signer.check(Purpose::Download, "b/a.txt", &token).unwrap();
        assert_eq!(claims.text("scope"), Some("download"));
        assert_eq!(
            claims.seconds("exp").unwrap() - claims.seconds("iat").unwrap(),
            60
        );
        // STO-ERR-28
        assert!(matches!(
            signer.check(Purpose::Download, "b/b.txt", &token),
            Err(Error::Signature)
        ));
        // STO-ERR-29, STO-SIG-06
        assert!(matches!(
            signer.check(Purpose::Upload, "b/a.txt", &token),
            Err(Error::Scope("upload"))
        ));
        // STO-ERR-30
        clock.advance(TimeDelta::seconds(61));
        let error = signer
            .check(Purpose::Download, "b/a.txt", &token)
            .unwrap_err();
        assert_eq!(error.to_string(), "\"exp\" claim timestamp check failed");
        let error = signer
            .check(Purpose::Download, "b/a.txt", "nonsense")
            .unwrap_err();
        assert_eq!(error.to_string(), "Invalid Compact JWS");
    }

    #[test]
    fn tokens_of_older_releases_are_told_apart_by_their_claims() {
        // STO-SIG-06
        let (signer, _) = signer();
        let exp = signer.clock.unix() + 60;
        let download = signer.keys.sign(&json!({ "url": "b/a", "exp": exp }));
        let upload = signer
            .keys
            .sign(&json!({ "url": "b/a", "upsert": false, "exp": exp }));
        assert!(signer.check(Purpose::Download, "b/a", &download).is_ok());
        assert!(signer.check(Purpose::Upload, "b/a", &upload).is_ok());
        assert!(signer.check(Purpose::Upload, "b/a", &download).is_err());
        assert!(signer.check(Purpose::Download, "b/a", &upload).is_err());
    }
}
