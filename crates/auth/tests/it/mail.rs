//! Mail: what it says, how it gets away, and what happens when it does not.

use chrono::TimeDelta;
use serde_json::json;

use crate::house::{House, PASSWORD, confirming, request};

fn ada() -> serde_json::Value {
    json!({"email": "ada@example.com", "password": PASSWORD, "data": {"name": "Ada <b>"}})
}

#[tokio::test]
async fn a_confirmation_arrives_and_its_link_signs_in() {
    let house = House::with(confirming()).await;
    let user = house
        .post(
            "/signup?redirect_to=http://localhost:3000/welcome?a=b",
            ada(),
        )
        .await
        .good();
    // AUTH-SIGNUP-04
    assert!(user["confirmation_sent_at"].is_string() && user.get("access_token").is_none());
    let mail = house.mail().await;
    // AUTH-MAIL-01
    assert_eq!(
        (mail.from.as_str(), mail.to.as_str()),
        ("The Post <post@example.org>", "ada@example.com")
    );
    assert_eq!(mail.subject, "Confirm your email address");
    assert!(
        mail.raw
            .to_lowercase()
            .contains("content-type: text/html; charset=utf-8"),
        "{}",
        mail.raw
    );
    assert!(mail.raw.contains("Message-ID: <") && mail.raw.contains("Date: "));
    // AUTH-MAIL-04
    let hash = mail.parameter("token");
    let expected = format!(
        "http://localhost:8000/auth/v1/verify?token={hash}&type=signup&redirect_to=http%3A%2F%2Flocalhost%3A3000%2Fwelcome%3Fa%3Db"
    );
    assert_eq!(mail.link(), expected);
    // AUTH-OTP-01, AUTH-OTP-02, AUTH-OTP-03
    let rows = format!(
        "select count(*) from auth.users as u join auth.one_time_tokens as t on t.user_id = u.id \
         where u.confirmation_token = '{hash}' and t.token_hash = '{hash}' and t.token_type = 'confirmation_token' \
         and t.relates_to = 'ada@example.com' and length('{hash}') = 56 \
         and encode(sha224(('ada@example.com' || '{}')::bytea), 'hex') = '{hash}'",
        mail.code()
    );
    assert_eq!(mail.code().len(), 6);
    assert_eq!(house.count(&rows).await, 1);
    // AUTH-VERIFY-03
    let landing = house.follow(&mail.link()).await;
    assert_eq!(landing.url, "http://localhost:3000/welcome");
    assert_eq!(landing.query["a"], "b");
    let names: Vec<_> = landing.fragment.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "access_token",
            "expires_at",
            "expires_in",
            "refresh_token",
            "sb",
            "token_type",
            "type"
        ]
    );
    assert_eq!(
        (
            landing.fragment["sb"].as_str(),
            landing.fragment["type"].as_str()
        ),
        ("", "signup")
    );
    // AUTH-SESS-02, AUTH-VERIFY-11
    let claims = crate::house::claims(&landing.fragment["access_token"]);
    assert_eq!(claims["amr"][0]["method"], "otp");
    let user = house
        .get(&landing.fragment["access_token"], "/user")
        .await
        .good();
    assert!(user["email_confirmed_at"].is_string());
    assert_eq!(user["user_metadata"]["email_verified"], true);
    assert_eq!(
        user["identities"][0]["identity_data"]["email_verified"],
        true
    );
    assert_eq!(
        house
            .count("select count(*) from auth.one_time_tokens")
            .await,
        0
    );
    let noted = "select count(*) from auth.audit_log_entries where payload ->> 'action' in ('user_confirmation_requested', 'user_signedup')";
    assert_eq!(house.count(noted).await, 2);
    // A link works once (AUTH-OTP-04), and what comes later is told in the fragment (AUTH-VERIFY-06).
    let again = house.follow(&mail.link()).await;
    assert_eq!(again.url, "http://localhost:3000/welcome");
    assert_eq!(again.fragment["error"], "access_denied");
    assert_eq!(again.fragment["error_code"], "otp_expired");
    assert_eq!(
        again.fragment["error_description"],
        "Email link is invalid or has expired"
    );
    assert_eq!(again.fragment["sb"], "");
    house.sign_in("ada").await;
}

#[tokio::test]
async fn what_lies_in_the_queue_tells_nothing() {
    let house = House::with(confirming()).await;
    house.post("/signup", ada()).await.good();
    let queued: String = house
        .admin
        .query_one(
            "select payload::text from passerelle.jobs where kind = 'auth.mail'",
            &[],
        )
        .await
        .unwrap()
        .get(0);
    let mail = house.mail().await;
    for secret in [
        "ada@example.com",
        "Ada",
        mail.code().as_str(),
        mail.parameter("token").as_str(),
    ] {
        assert!(!queued.contains(secret), "{secret} in {queued}");
    }
}

#[tokio::test]
async fn a_broken_mail_server_delays_mail_but_loses_none() {
    let house = House::with(confirming()).await;
    house.post.refuse(451);
    house.post("/signup", ada()).await.good();
    assert!(house.mails().await.is_empty());
    house.post.refuse(0);
    assert!(
        house.mails().await.is_empty(),
        "not before the pause is over"
    );
    house.clock.advance(TimeDelta::seconds(10));
    let mail = house.mail().await;
    house.follow(&mail.link()).await;
    // A server that says never is not asked again.
    house.post.refuse(550);
    let bob = json!({"email": "bob@example.com", "password": PASSWORD});
    house.post("/signup", bob).await.good();
    assert!(house.mails().await.is_empty());
    house.post.refuse(0);
    house.clock.advance(TimeDelta::hours(12));
    assert!(house.mails().await.is_empty());
    assert_eq!(
        house
            .count("select count(*) from passerelle.jobs where state = 'dead'")
            .await,
        1
    );
}

#[tokio::test]
async fn a_mail_whose_code_expired_meanwhile_is_not_sent() {
    let mut settings = confirming();
    settings.mailer_otp_exp = std::time::Duration::from_secs(60);
    let house = House::with(settings).await;
    house.post("/signup", ada()).await.good();
    house.clock.advance(TimeDelta::seconds(61));
    assert!(house.mails().await.is_empty());
}

#[tokio::test]
async fn within_the_request_a_refused_mail_fails_it_and_leaves_no_user() {
    // AUTH-MAIL-03
    let mut settings = confirming();
    settings.mailer_background_sending = false;
    let house = House::with(settings).await;
    house.post.refuse(550);
    let reply = house.post("/signup", ada()).await;
    reply.fails(
        500,
        "unexpected_failure",
        "Error sending confirmation email",
    );
    assert_eq!(house.count("select count(*) from auth.users").await, 0);
    let service = house.service();
    let reply = house
        .ask(
            &service,
            "POST",
            "/invite",
            &json!({"email": "bob@example.com"}).to_string(),
        )
        .await;
    reply.fails(500, "unexpected_failure", "Error sending invite email");
    house.post.refuse(0);
    house.post("/signup", ada()).await.good();
    assert_eq!(house.post.take().len(), 1);
}

#[tokio::test]
async fn a_forwarded_host_has_no_say_in_links() {
    // AUTH-HTTP-09: deliberately other than upstream, whatever is listed.
    // GHSA-3529-5m8x-rpv3
    let house = House::with(confirming()).await;
    let mut asked = request("", "POST", "/signup", &ada().to_string());
    for name in [
        "host",
        "x-forwarded-host",
        "x-original-host",
        "x-host",
        "forwarded",
        "x-forwarded-server",
    ] {
        let value = if name == "forwarded" {
            "host=evil.example"
        } else {
            "evil.example"
        };
        asked.headers_mut().insert(name, value.parse().unwrap());
    }
    asked
        .headers_mut()
        .insert("x-forwarded-proto", "https".parse().unwrap());
    asked
        .headers_mut()
        .insert("origin", "https://evil.example".parse().unwrap());
    asked.extensions_mut().insert(web::Peer {
        ip: [10, 0, 0, 1].into(),
        scheme: "https".into(),
        host: "evil.example".into(),
        prefix: "/auth/v1",
    });
    assert_eq!(house.send(asked).await.status, 200);
    let mail = house.mail().await;
    assert!(
        mail.link()
            .starts_with("http://localhost:8000/auth/v1/verify?"),
        "{}",
        mail.link()
    );
    assert!(!mail.raw.contains("evil"), "{}", mail.raw);
}

#[tokio::test]
async fn a_redirect_is_taken_only_from_the_list() {
    // AUTH-REDIR-01
    let mut settings = confirming();
    settings.uri_allow_list = vec!["https://*.example.com/**".into(), "com.app://cb".into()];
    settings.smtp_max_frequency = std::time::Duration::ZERO;
    let house = House::with(settings).await;
    for (asked, led) in [
        ("https://a.example.com/x", "https://a.example.com/x"),
        ("com.app://cb", "com.app://cb"),
        ("https://evil.com/x", "http://localhost:3000"),
        ("https://a.b.example.com/", "http://localhost:3000"),
        ("https://evil.com%23.example.com/", "http://localhost:3000"),
        ("https://a.example.com%40evil.com/", "http://localhost:3000"),
        ("%2F%2Fevil.com", "http://localhost:3000"),
        ("javascript:alert(1)", "http://localhost:3000"),
    ] {
        house
            .post(&format!("/signup?redirect_to={asked}"), ada())
            .await
            .good();
        let mail = house.mail().await;
        assert_eq!(mail.parameter("redirect_to"), led, "{asked}");
        // Nor does the link itself lead elsewhere when it is changed.
        let forged = mail.link().replace(
            &format!("redirect_to={led}"),
            "redirect_to=https://evil.com",
        );
        let landing = house
            .follow(&forged.replace("type=signup", "type=recovery"))
            .await;
        if forged.contains("evil") {
            assert_eq!(landing.url, "http://localhost:3000");
        }
    }
    // What the body says does not count (AUTH-HTTP-02).
    let mut body = ada();
    body["redirect_to"] = json!("https://a.example.com/x");
    house.post("/signup", body).await.good();
    assert_eq!(
        house.mail().await.parameter("redirect_to"),
        "http://localhost:3000"
    );
    // A header counts before the query, the page that the request came from after it.
    let mut asked = request(
        "",
        "POST",
        "/signup?redirect_to=https://b.example.com/",
        &ada().to_string(),
    );
    asked
        .headers_mut()
        .insert("redirect_to", "https://evil.com/".parse().unwrap());
    asked
        .headers_mut()
        .insert("referer", "https://c.example.com/".parse().unwrap());
    house.send(asked).await;
    assert_eq!(
        house.mail().await.parameter("redirect_to"),
        "https://b.example.com/"
    );
    let mut asked = request("", "POST", "/signup", &ada().to_string());
    asked
        .headers_mut()
        .insert("referer", "https://c.example.com/".parse().unwrap());
    house.send(asked).await;
    assert_eq!(
        house.mail().await.parameter("redirect_to"),
        "https://c.example.com/"
    );
}

#[tokio::test]
async fn a_template_of_the_operator_is_filled_and_escaped() {
    // AUTH-MAIL-05, AUTH-MAIL-06
    let folder = std::env::temp_dir().join(format!("passerelle-mail-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("confirmation.html");
    std::fs::write(
        &file,
        "<p>{{ .Data.name }}</p><a href=\"{{ .ConfirmationURL }}\">x</a><a href=\"{{ .SiteURL }}/c?token_hash={{ .TokenHash }}&to={{ .RedirectTo }}\">y</a>",
    )
    .unwrap();
    let mut settings = confirming();
    settings.mailer_templates_confirmation = format!("file:{}", file.display());
    settings.mailer_subjects_confirmation = "Hello {{ .Data.name }}".into();
    settings.smtp_headers = "{\"X-Kind\": [\"$messageType\"]}".into();
    let house = House::with(settings).await;
    house.post("/signup", ada()).await.good();
    let mail = house.mail().await;
    assert_eq!(mail.subject, "Hello Ada <b>");
    assert!(
        mail.html.starts_with("<p>Ada &lt;b&gt;</p>"),
        "{}",
        mail.html
    );
    let hash = mail.parameter("token");
    let second =
        format!("http://localhost:3000/c?token_hash={hash}&to=http%3A%2F%2Flocalhost%3A3000\"");
    assert!(mail.html.contains(&second), "{}", mail.html);
    assert!(mail.raw.contains("X-Kind: confirmation"));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn mail_goes_to_listed_addresses_and_so_many_only() {
    let mut settings = confirming();
    settings.email_authorized_addresses = vec!["ada@example.com".into()];
    let house = House::with(settings).await;
    // AUTH-MAIL-10
    let bob = json!({"email": "bob@example.com", "password": PASSWORD});
    let message = "Email address \"bob@example.com\" cannot be used as it is not authorized";
    house
        .post("/signup", bob)
        .await
        .fails(400, "email_address_not_authorized", message);
    let labelled = json!({"email": "ada+x@example.com", "password": PASSWORD});
    house.post("/signup", labelled).await.good();
    // AUTH-RATE-06, AUTH-MAIL-12
    let mut settings = confirming();
    settings.rate_limit_email_sent = "2/1h".into();
    let house = House::with(settings).await;
    for name in ["a", "b"] {
        house
            .post(
                "/signup",
                json!({"email": format!("{name}@b.c"), "password": PASSWORD}),
            )
            .await
            .good();
    }
    let reply = house.post("/signup", ada()).await;
    reply.fails(
        429,
        "over_email_send_rate_limit",
        "email rate limit exceeded",
    );
    house.clock.advance(TimeDelta::minutes(30));
    house.post("/signup", ada()).await.good();
}

#[tokio::test]
async fn without_a_mail_server_the_request_succeeds() {
    // AUTH-MAIL-02
    let mut settings = confirming();
    settings.smtp_host = "nowhere.invalid".into();
    settings.smtp_port = 1;
    settings.mailbox = true;
    let house = House::with(settings).await;
    house.post("/signup", ada()).await.good();
    house.worker.run_due().await.unwrap();
    // The mailbox of a development server catches it.
    let list = house.get("", "/mailbox/api/v1/messages").await.good();
    assert_eq!(list["messages"][0]["To"][0]["Address"], "ada@example.com");
    let id = list["messages"][0]["ID"].as_str().unwrap();
    let one = house
        .get("", &format!("/mailbox/api/v1/message/{id}"))
        .await
        .good();
    assert!(
        one["HTML"]
            .as_str()
            .unwrap()
            .contains("/auth/v1/verify?token=")
    );
    let found = house
        .get("", "/mailbox/api/v1/search?query=to%3Abob%40example.com")
        .await
        .good();
    assert_eq!(found["messages_count"], 0);
    let page = house.get("", "/mailbox").await;
    assert!(page.text.contains("Confirm your email address"));
    assert!(
        house
            .get("", &format!("/mailbox/message/{id}"))
            .await
            .text
            .contains("<iframe")
    );
    let body = house.get("", &format!("/mailbox/message/{id}/body")).await;
    assert!(
        body.header("content-security-policy")
            .starts_with("sandbox")
    );
    house
        .ask("", "DELETE", "/mailbox/api/v1/messages", "")
        .await
        .good();
    assert_eq!(
        house
            .get("", &format!("/mailbox/message/{id}"))
            .await
            .status,
        404
    );
    // Under a name that is not ours it is not there.
    for (host, there) in [
        ("localhost:8000", true),
        ("127.0.0.1:8000", true),
        ("[::1]:8000", true),
        ("evil.example", false),
        ("localhost.evil.example:8000", false),
    ] {
        let mut asked = request("", "GET", "/mailbox", "");
        asked.extensions_mut().insert(web::Peer {
            ip: [127, 0, 0, 1].into(),
            scheme: "http".into(),
            host: host.into(),
            prefix: "",
        });
        assert_eq!(house.send(asked).await.status == 200, there, "{host}");
    }
    // Elsewhere there is none.
    assert_eq!(House::new().await.get("", "/mailbox").await.status, 404);
}
