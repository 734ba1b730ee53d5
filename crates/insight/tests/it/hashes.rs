//! The hashes of the nasty schemas, each verified in the way its schema says.

use argon2::{Argon2, PasswordHash, PasswordVerifier as _};
use hmac::{Hmac, Mac as _};
use insight::labels;
use sha2::Sha256;
use tokio_postgres::Client;

use crate::nasty::loaded;

/// The stored hash and salt of the address.
async fn stored(client: &Client, columns: &str, table: &str, address: &str) -> (String, String) {
    let sql = format!("select {columns} from {table} where email = $1");
    let row = client.query_one(&sql, &[&address]).await.unwrap();
    (row.get(0), row.get(1))
}

/// Address and password of the schema's credentials.
fn credentials(sql: &str) -> Vec<(&str, &str)> {
    labels(sql)
        .into_iter()
        .filter(|label| label.kind == "credential")
        .map(|label| label.target.split_once(' ').unwrap())
        .collect()
}

// MIG-NST-08, MIG-PWD-07: bcrypt-shaped hashes that never verify until their transform is known.
#[tokio::test]
async fn transformed_passwords_fit_and_plain_ones_do_not() {
    // The digest of hashed-twice-2, as `sha1sum` prints it.
    let digest = "e3afdeaadaf4377570a19139f84e65adae2dc6df";
    for (schema, table, columns, hashed) in [
        (
            "08_peppered",
            "users",
            "password, ''",
            "peppered-1a-pepper-of-insight",
        ),
        (
            "08_hashed_twice",
            "accounts",
            "hashed_password::text, ''",
            digest,
        ),
        (
            "08_salt_prefix",
            "customers",
            "passhash, salt",
            "s4lt-glued-3",
        ),
    ] {
        let (client, sql) = loaded(schema).await;
        let (address, password) = credentials(sql)[0];
        let (hash, _) = stored(&client, columns, table, address).await;
        assert!(bcrypt::verify(hashed, &hash).unwrap(), "{schema}");
        assert!(!bcrypt::verify(password, &hash).unwrap(), "{schema}");
    }
}

// MIG-NST-08: argon2 and PBKDF2 mixed with old MD5 and salt.
#[tokio::test]
async fn one_column_holds_four_kinds_of_hash() {
    let (client, sql) = loaded("08_mixed_hashes").await;
    let known = credentials(sql);
    assert_eq!(known.len(), 5);
    for (address, password) in known {
        let columns = "password, coalesce(salt, '')";
        let (hash, salt) = stored(&client, columns, "people", address).await;
        let fits = match address.split('@').next().unwrap() {
            "argon" => Argon2::default()
                .verify_password(password.as_bytes(), &PasswordHash::new(&hash).unwrap())
                .is_ok(),
            "plain" => bcrypt::verify(password, &hash).unwrap(),
            "django" => django(password, &hash),
            "before" => md5(&client, &format!("{salt}{password}")).await == hash,
            _ => md5(&client, &format!("{password}{salt}")).await == hash,
        };
        assert!(fits, "{address}");
    }
}

async fn md5(client: &Client, text: &str) -> String {
    let row = client.query_one("select md5($1)", &[&text]).await.unwrap();
    row.get(0)
}

/// `pbkdf2_sha256$iterations$salt$base64`, one block long.
fn django(password: &str, stored: &str) -> bool {
    let parts: Vec<&str> = stored.split('$').collect();
    let [_, rounds, salt, expected] = parts[..] else {
        return false;
    };
    let keyed = |message: &[u8]| {
        let mut mac = Hmac::<Sha256>::new_from_slice(password.as_bytes()).unwrap();
        mac.update(message);
        mac.finalize().into_bytes()
    };
    let mut block = keyed(&[salt.as_bytes(), &[0, 0, 0, 1]].concat());
    let mut sum = block;
    for _ in 1..rounds.parse::<u32>().unwrap() {
        block = keyed(&block);
        sum.iter_mut()
            .zip(block)
            .for_each(|(sum, byte)| *sum ^= byte);
    }
    expected == base64_of(&sum)
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
