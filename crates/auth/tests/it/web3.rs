//! `POST /token?grant_type=web3`

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base::Clock as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k256::ecdsa::SigningKey;
use serde_json::{Value, json};
use sha3::{Digest as _, Keccak256};

use crate::house::{House, Reply, claims, confirming, text};

/// A wallet of either chain.
enum Wallet {
    Solana(Ed25519KeyPair),
    Ethereum(Box<SigningKey>),
}

impl Wallet {
    fn solana() -> Self {
        Self::Solana(Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap())
    }

    fn ethereum() -> Self {
        Self::Ethereum(Box::new(SigningKey::from_slice(&[7; 32]).unwrap()))
    }

    fn chain(&self) -> (&'static str, &'static str) {
        match self {
            Self::Solana(_) => ("solana", "Solana"),
            Self::Ethereum(_) => ("ethereum", "Ethereum"),
        }
    }

    fn address(&self) -> String {
        match self {
            Self::Solana(pair) => {
                let key: [u8; 32] = pair.public_key().as_ref().try_into().unwrap();
                bs58::encode(key).into_string()
            }
            Self::Ethereum(key) => {
                let point = key.verifying_key().to_encoded_point(false);
                let hash = Keccak256::digest(&point.as_bytes()[1..]);
                format!("0x{}", hex::encode_upper(&hash[12..]))
            }
        }
    }

    fn sign(&self, message: &str) -> String {
        match self {
            Self::Solana(pair) => STANDARD.encode(pair.sign(message.as_bytes())),
            Self::Ethereum(key) => {
                let whole = format!("\x19Ethereum Signed Message:\n{}{message}", message.len());
                let digest = Keccak256::digest(whole);
                let (rs, recovery) = key.sign_prehash_recoverable(&digest).unwrap();
                format!(
                    "0x{}{:02x}",
                    hex::encode(rs.to_bytes()),
                    27 + recovery.to_byte()
                )
            }
        }
    }

    /// A message for the site, with these lines replaced.
    fn message(&self, house: &House, changes: &[(&str, &str)]) -> String {
        let now = chrono::DateTime::from_timestamp(house.clock.unix(), 0).unwrap();
        let network = if matches!(self, Self::Solana(_)) {
            "mainnet"
        } else {
            "1"
        };
        let mut message = format!(
            "app.example.com wants you to sign in with your {} account:\n{}\n\nI agree.\n\n\
             URI: https://app.example.com/login\nVersion: 1\nChain ID: {network}\nNonce: 12345678\nIssued At: {}",
            self.chain().1,
            self.address(),
            now.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        );
        for (from, to) in changes {
            assert!(message.contains(from), "{from}");
            message = message.replace(from, to);
        }
        message
    }

    async fn enter(&self, house: &House, changes: &[(&str, &str)]) -> Reply {
        let message = self.message(house, changes);
        grant(house, self.chain().0, &message, &self.sign(&message)).await
    }
}

async fn grant(house: &House, chain: &str, message: &str, signature: &str) -> Reply {
    let body = json!({"chain": chain, "message": message, "signature": signature});
    house.post("/token?grant_type=web3", body).await
}

async fn open() -> House {
    let mut settings = confirming();
    settings.web3_solana_enabled = true;
    settings.web3_ethereum_enabled = true;
    settings.site_url = "https://app.example.com".into();
    settings.uri_allow_list = vec!["https://*.example.com/**".into()];
    House::with(settings).await
}

#[tokio::test]
async fn wallets_sign_in_and_are_the_same_person_again() {
    // AUTH-WEB3-01, AUTH-WEB3-05
    let house = open().await;
    for wallet in [Wallet::solana(), Wallet::ethereum()] {
        let chain = wallet.chain().0;
        let session = wallet.enter(&house, &[]).await.good();
        let user = &session["user"];
        assert_eq!(
            (
                text(user, "email"),
                user["app_metadata"]["provider"].as_str()
            ),
            (String::new(), Some("web3"))
        );
        let address = if chain == "ethereum" {
            wallet.address().to_lowercase()
        } else {
            wallet.address()
        };
        let identity = &user["identities"][0];
        assert_eq!(identity["id"], format!("web3:{chain}:{address}"));
        let custom = &identity["identity_data"]["custom_claims"];
        assert_eq!(custom["address"], address);
        assert_eq!(
            (&custom["chain"], &custom["domain"]),
            (&json!(chain), &json!("app.example.com"))
        );
        assert_eq!(custom["statement"], "I agree.");
        let said = claims(&text(&session, "access_token"));
        assert_eq!(said["amr"][0]["method"], "web3");
        assert_eq!(said["aal"], "aal1");
        // The session is one like any other.
        house.refresh(&text(&session, "refresh_token")).await.good();
        let again = wallet.enter(&house, &[]).await.good();
        assert_eq!(again["user"]["id"], user["id"]);
    }
    assert_eq!(house.count("select count(*) from auth.users").await, 2);
}

#[track_caller]
fn refused(reply: &Reply, why: &str) {
    assert_eq!(reply.status, 400, "{}", reply.text);
    let expected: Value = json!({"error": "invalid_grant", "error_description": why});
    assert_eq!(reply.json(), expected);
}

#[tokio::test]
async fn what_was_signed_for_somebody_else_or_another_time_is_refused() {
    // AUTH-WEB3-04, AUTH-REDIR-04
    let house = open().await;
    for wallet in [Wallet::solana(), Wallet::ethereum()] {
        let title = wallet.chain().1;
        let told = async |changes: &[(&str, &str)], why: String| {
            refused(&wallet.enter(&house, changes).await, &why);
        };
        told(
            &[("URI: https", "URI: http")],
            format!("Signed {title} message is using URI which does not use HTTPS"),
        )
        .await;
        let foreign = format!(
            "Signed {title} message is using URI which is not allowed on this server, message was signed for another app"
        );
        told(
            &[
                ("URI: https://app.example.com", "URI: https://evil.test"),
                ("app.example.com wants", "evil.test wants"),
            ],
            foreign.clone(),
        )
        .await;
        told(
            &[(
                "URI: https://app.example.com",
                "URI: https://app.example.com.evil.test",
            )],
            foreign,
        )
        .await;
        let domain = format!(
            "Signed {title} message is using a Domain that does not match the one in URI which is not allowed on this server"
        );
        told(
            &[("app.example.com wants", "other.example.com wants")],
            domain.clone(),
        )
        .await;
        told(&[("app.example.com wants", "evil.test wants")], domain).await;
        told(&[("Version: 1", "Version: 1\nExpiration Time: 2199-01-01T00:00:00Z\nNot Before: 2198-01-01T00:00:00Z")],
            format!("Signed {title} message becomes valid in the future")).await;
        let good = wallet.message(&house, &[]);
        let other = good.replace("I agree.", "I agree to all.");
        refused(
            &grant(&house, wallet.chain().0, &other, &wallet.sign(&good)).await,
            "Signature does not match address in message",
        );
        house.clock.advance(chrono::TimeDelta::seconds(601));
        refused(
            &grant(&house, wallet.chain().0, &good, &wallet.sign(&good)).await,
            &format!("{title} message was issued too long ago"),
        );
    }
    assert_eq!(house.count("select count(*) from auth.users").await, 0);
}

#[tokio::test]
async fn what_is_no_message_is_told() {
    // AUTH-WEB3-01, AUTH-WEB3-02
    let off = House::new().await;
    grant(&off, "solana", "", "").await.fails(
        422,
        "web3_provider_disabled",
        "Web3 provider is disabled",
    );
    let mut settings = confirming();
    settings.web3_ethereum_enabled = true;
    let half = House::with(settings).await;
    grant(&half, "solana", "", "").await.fails(
        422,
        "web3_provider_disabled",
        "Solana Web3 provider is disabled",
    );
    grant(&half, "dogecoin", "", "").await.fails(
        400,
        "web3_unsupported_chain",
        "Unsupported chain",
    );
    let house = open().await;
    let short = "message is too short";
    grant(&house, "ethereum", "hello", "")
        .await
        .fails(400, "validation_failed", short);
    let long = "x".repeat(20 * 1024 + 1);
    grant(&house, "ethereum", &long, "").await.fails(
        400,
        "validation_failed",
        "message must not exceed 20KB",
    );
    let wallet = Wallet::ethereum();
    let good = wallet.message(&house, &[]);
    let shape =
        "signature must be 65 bytes long, encoded as a 130 character-long hexadecimal string";
    grant(&house, "ethereum", &good, "0xabc")
        .await
        .fails(400, "validation_failed", shape);
    let shape = "signature must be 64 bytes encoded as base64 with or without padding";
    grant(&house, "solana", &good, "abc")
        .await
        .fails(400, "validation_failed", shape);
    // A signature that leads back to no key breaks nothing.
    let nothing = format!("0x{}", "00".repeat(65));
    refused(
        &grant(&house, "ethereum", &good, &nothing).await,
        "Signature does not match address in message",
    );
}
