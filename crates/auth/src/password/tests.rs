use super::*;

#[test]
fn sets_are_split_at_colons_that_are_not_escaped() {
    // AUTH-PWD-03
    assert_eq!(split_sets("abc:01\\:2"), ["abc", "01:2"]);
    assert!(split_sets("").is_empty());
}

#[test]
fn every_reason_is_told() {
    // AUTH-PWD-02, AUTH-PWD-03
    let rules = Rules {
        min_length: 6,
        sets: vec!["ab".into(), "12".into()],
    };
    let (message, reasons) = rules.weakness("a").unwrap();
    assert_eq!(
        message,
        "Password should be at least 6 characters. Password should contain at least one character of each: ab, 12."
    );
    assert_eq!(reasons, ["length", "characters"]);
    assert!(rules.weakness("abcde1").is_none());
    // AUTH-PWD-01
    assert!(Rules::check_length(&"a".repeat(73)).is_err());
}

#[test]
fn hashes_from_elsewhere_are_believed() {
    // AUTH-PWD-06, AUTH-MIG-05
    let bcrypt = bcrypt::hash_with_salt("secret", 4, [7; 16]).unwrap();
    for version in [
        bcrypt::Version::TwoA,
        bcrypt::Version::TwoB,
        bcrypt::Version::TwoY,
    ] {
        let stored = bcrypt.format_for_version(version);
        assert!(is_known(&stored));
        assert!(matches("secret", &stored));
        assert!(!matches("Secret", &stored));
    }
    let params = argon2::Params::new(8, 1, 1, None).unwrap();
    let argon = Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let salt = argon2::password_hash::SaltString::encode_b64(&[5; 16]).unwrap();
    let stored = argon2::PasswordHasher::hash_password(&argon, b"secret", &salt)
        .unwrap()
        .to_string();
    assert!(matches("secret", &stored));
    assert!(!matches("secrets", &stored));
    for wrong in [
        "",
        "plain",
        "$2a$99$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        &stored.replace("argon2id", "argon2d"),
        &stored.replace("v=19", "v=16"),
        &stored.replace("m=8", "m=1048577"),
        " \u{e9}",
    ] {
        assert!(!is_known(wrong), "{wrong}");
        assert!(!matches("secret", wrong), "{wrong}");
    }
}

#[test]
fn hashes_of_firebase_are_believed() {
    // AUTH-PWD-06: the example that Firebase publishes.
    let stored = "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==";
    assert!(is_known(stored));
    assert!(matches("user1password", stored));
    assert!(!matches("user2password", stored));
    for wrong in [
        stored.replace("v=1", "v=2"),
        stored.replace("n=14", "n=40"),
        stored.replace("ss=Bw==,", ""),
        stored.replace("$42xEC+ixf3L2lw==", ""),
    ] {
        assert!(!is_known(&wrong), "{wrong}");
    }
}

#[tokio::test]
async fn who_finds_no_place_in_time_is_told_to_come_back() {
    let mut settings = settings::Auth::default();
    settings.hash_wait = Duration::ZERO;
    settings.bcrypt_cost = 4;
    let hasher = Hasher::new(&settings, Arc::new(base::OsRandom));
    let hash = hasher.hash("secret").await.unwrap();
    assert!(hasher.verify("secret", Some(&hash)).await.unwrap());
    let cores = hasher.places.available_permits();
    let taken = hasher
        .places
        .acquire_many(u32::try_from(cores).unwrap())
        .await
        .unwrap();
    for stored in [Some(hash.as_str()), None] {
        let refused = hasher.verify("secret", stored).await.unwrap_err();
        assert_eq!(web::Failure::status(&refused), 503);
    }
    drop(taken);
    // Nor is anybody queued beyond the places and the queue, however long they would wait.
    settings.hash_wait = Duration::from_secs(3_600);
    settings.hash_queue = 2;
    let patient = Hasher::new(&settings, Arc::new(base::OsRandom));
    let (places, queue) = (cores, patient.queue.available_permits());
    assert_eq!(queue, places + 2);
    let waiting = u32::try_from(queue).unwrap();
    let waiting = patient.queue.acquire_many(waiting).await.unwrap();
    let refused = patient.verify("secret", Some(&hash)).await.unwrap_err();
    assert_eq!(web::Failure::status(&refused), 503);
    drop(waiting);
    assert!(patient.verify("secret", Some(&hash)).await.unwrap());
    // AUTH-ENUM-03: without a hash it says no all the same.
    assert!(!hasher.verify("secret", None).await.unwrap());
}
