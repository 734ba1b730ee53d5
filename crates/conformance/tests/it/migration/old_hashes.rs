//! Passwords that the old application hashed in its own way.

use insight::Variant;
use serde_json::json;

use super::Move;

/// MIG-PWD-01, MIG-PWD-04, MIG-LEG-03: in the drifted application one password is a bare SHA-256. It opens the front door
/// once; from then on bcrypt does, and the proof of the run holds before and after.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sha256_password_signs_in_and_is_replaced() {
    let stage = Move::new(Variant::B).await;
    stage.output(&["plan", "--accept-defaults"]);
    for code in ["MIG-M-COLLISION", "MIG-M-INVENTED"] {
        stage.edit(
            &format!("{code} = \"ask\""),
            &format!("{code} = \"accept\""),
        );
    }
    let done = stage.ends(&["run", "--yes"], 0);
    assert_eq!(done["summary"]["verification"]["failed"], 0);

    let account = stage.account("sha256-hex");
    let hash = async || {
        let client = pg::Endpoint::parse(&stage.site.database_url("postgres"))
            .unwrap()
            .connect()
            .await
            .unwrap();
        let sql = "select encrypted_password from auth.users where email = $1";
        let row = client.query_one(sql, &[&account.email]).await.unwrap();
        row.get::<_, String>(0)
    };
    let http = reqwest::Client::new();
    let sign_in = async |email: &str, password: &str| {
        http.post(format!(
            "{}/auth/v1/token?grant_type=password",
            stage.site.url
        ))
        .header("apikey", stage.site.key("ANON_KEY"))
        .json(&json!({ "email": email, "password": password }))
        .send()
        .await
        .unwrap()
        .status()
        .as_u16()
    };
    let carried = hash().await;
    assert!(
        carried.starts_with("$passerelle$v=1,k=sha256-hex$"),
        "{carried}"
    );
    assert_eq!(sign_in(&account.email, "not the password").await, 400);
    assert_eq!(hash().await, carried);
    assert_eq!(sign_in(&account.email, &account.password).await, 200);
    let replaced = hash().await;
    assert!(replaced.starts_with("$2b$10$"), "{replaced}");
    assert_eq!(sign_in(&account.email, &account.password).await, 200);
    assert_eq!(hash().await, replaced);
    // The padded bcrypt hash and the one of PHP are as they were.
    for note in ["padded", "bcrypt-2y", "bcrypt-2a"] {
        let account = stage.account(note);
        assert_eq!(
            sign_in(&account.email, &account.password).await,
            200,
            "{note}"
        );
    }
    stage.ends(&["verify"], 0);
    // MIG-RBK-02: who only signed in goes with the run.
    stage.ends(&["rollback", "--yes"], 0);
    let client = pg::Endpoint::parse(&stage.site.database_url("postgres"))
        .unwrap()
        .connect()
        .await
        .unwrap();
    let left = client
        .query_one("select count(*) from auth.users", &[])
        .await
        .unwrap();
    assert_eq!(left.get::<_, i64>(0), 0);
}
