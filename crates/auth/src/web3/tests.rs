use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeZone as _;
use k256::ecdsa::SigningKey;

use super::*;

fn message(chain: Chain, address: &str) -> String {
    format!(
        "app.example.com wants you to sign in with your {} account:\n{address}\n\nI agree.\n\n\
         URI: https://app.example.com/login\nVersion: 1\nChain ID: {}\nNonce: 12345678\n\
         Issued At: 2026-08-01T00:00:00Z\nResources:\n- https://example.com/terms",
        chain.title(),
        if chain == Chain::Solana {
            "solana:mainnet"
        } else {
            "1"
        },
    )
}

#[test]
fn a_solana_wallet_signs_the_text_or_its_envelope() {
    // AUTH-WEB3-03
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let key: [u8; 32] = pair.public_key().as_ref().try_into().unwrap();
    let address = bs58::encode(key).into_string();
    let text = message(Chain::Solana, &address);
    let signed = pair.sign(text.as_bytes());
    assert!(solana::is_signed(&address, &text, signed.as_ref()));
    assert!(!solana::is_signed(
        &address,
        &format!("{text}."),
        signed.as_ref()
    ));
    // As a hardware wallet does: domain, version 0, format 0, length.
    let mut envelope = b"\xffsolana offchain\x00\x00".to_vec();
    envelope.extend(u16::try_from(text.len()).unwrap().to_le_bytes());
    envelope.extend(text.as_bytes());
    assert!(solana::is_signed(
        &address,
        &text,
        pair.sign(&envelope).as_ref()
    ));
    let other = bs58::encode([9; 32]).into_string();
    assert!(!solana::is_signed(&other, &text, signed.as_ref()));
    assert!(!solana::is_signed(
        "not base58: 0OIl",
        &text,
        signed.as_ref()
    ));
}

#[test]
fn an_ethereum_signature_leads_back_to_the_address() {
    // AUTH-WEB3-03. The key's address is that of the first account of the common test wallets.
    let digits = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
    let key = SigningKey::from_slice(&hex::decode(digits).unwrap()).unwrap();
    let address = ethereum::address_of(key.verifying_key());
    assert_eq!(address, "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266");
    let text = message(Chain::Ethereum, &address);
    let (rs, recovery) = key
        .sign_prehash_recoverable(&ethereum::digest(&text))
        .unwrap();
    let mut signature = rs.to_bytes().to_vec();
    signature.push(27 + recovery.to_byte());
    assert!(ethereum::is_signed(&address, &text, &signature));
    assert!(!ethereum::is_signed(
        &address,
        &format!("{text} "),
        &signature
    ));
    let parsed = Message::parse(Chain::Ethereum, &text).unwrap();
    assert_eq!(parsed.address, address);
    for broken in [0, 31, 64] {
        let mut wrong = signature.clone();
        wrong[broken] ^= 0xff;
        assert!(!ethereum::is_signed(&address, &text, &wrong), "{broken}");
    }
    assert!(!ethereum::is_signed(&address, &text, &[0; 65]));
}

#[test]
fn signatures_have_their_shapes() {
    // AUTH-WEB3-02
    assert!(solana::signature(&STANDARD.encode([255; 64])).is_ok());
    assert!(solana::signature(STANDARD.encode([255; 64]).trim_end_matches('=')).is_ok());
    for wrong in ["", "abc", &"*".repeat(88), &STANDARD.encode([1; 63])] {
        assert!(solana::signature(wrong).is_err(), "{wrong}");
    }
    assert!(ethereum::signature(&format!("0x{}", "ab".repeat(65))).is_ok());
    assert!(ethereum::signature(&"ab".repeat(65)).is_ok());
    for wrong in ["", "0x", &"ab".repeat(64), &"zz".repeat(65)] {
        assert!(ethereum::signature(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn messages_are_read_strictly() {
    // AUTH-WEB3-02, AUTH-WEB3-03
    let address = format!("0x{}", "aB".repeat(20));
    let good = message(Chain::Ethereum, &address);
    let parsed = Message::parse(Chain::Ethereum, &good).unwrap();
    assert_eq!(parsed.domain, "app.example.com");
    assert_eq!(parsed.address, address.to_ascii_lowercase());
    assert_eq!(parsed.statement.as_deref(), Some("I agree."));
    assert_eq!(
        (parsed.uri.as_str(), parsed.network.as_str()),
        ("https://app.example.com/login", "1")
    );
    let bare = good.replace("I agree.\n\n", "");
    assert_eq!(
        Message::parse(Chain::Ethereum, &bare).unwrap().statement,
        None
    );
    assert!(Message::parse(Chain::Solana, &good).is_err());
    for (from, to) in [
        ("app.example.com wants", "app.example.com/x wants"),
        ("app.example.com wants", " wants"),
        (address.as_str(), "0x12"),
        ("\n\nI agree", "\nI agree"),
        ("Version: 1", "Version: 2"),
        ("Version: 1\n", ""),
        ("Chain ID: 1", "Chain ID: one"),
        ("Issued At: 2026", "Issued At: soon"),
        ("Issued At: 2026-08-01T00:00:00Z\n", ""),
        ("URI: https://app.example.com/login\n", ""),
        ("URI: https://app.example.com/login", "URI: nowhere"),
        ("- https", "- no url"),
        ("Nonce: 12345678", "a line without its mark"),
        (
            "Issued At",
            "Expiration Time: 2020-01-01T00:00:00Z\nIssued At",
        ),
        (
            "Issued At",
            "Not Before: 2026-08-03T00:00:00Z\nExpiration Time: 2026-08-02T00:00:00Z\nIssued At",
        ),
    ] {
        assert!(good.contains(from), "{from}");
        let wrong = good.replacen(from, to, 1);
        assert!(
            Message::parse(Chain::Ethereum, &wrong).is_err(),
            "{from} -> {to}"
        );
    }
}

#[test]
fn a_message_is_good_for_a_while_only() {
    // AUTH-WEB3-04
    let text = message(Chain::Ethereum, &format!("0x{}", "ab".repeat(20)));
    let mut message = Message::parse(Chain::Ethereum, &text).unwrap();
    let issued = Utc.with_ymd_and_hms(2026, 8, 1, 0, 0, 0).unwrap();
    let ten = TimeDelta::minutes(10);
    let told = |message: &Message, minutes: i64| match is_in_time(
        Chain::Ethereum,
        message,
        ten,
        issued + TimeDelta::minutes(minutes),
    ) {
        Ok(()) => String::new(),
        Err(Error::OAuth("invalid_grant", why)) => why,
        Err(other) => panic!("{other:?}"),
    };
    assert_eq!(told(&message, 10), "");
    assert_eq!(
        told(&message, 11),
        "Ethereum message was issued too long ago"
    );
    assert_eq!(
        told(&message, -11),
        "Ethereum message was issued too far in the future"
    );
    message.expires = Some(issued + TimeDelta::minutes(2));
    assert_eq!(told(&message, 3), "Signed Ethereum message is expired");
    message.not_before = Some(issued + TimeDelta::minutes(1));
    assert_eq!(
        told(&message, 0),
        "Signed Ethereum message becomes valid in the future"
    );
}
