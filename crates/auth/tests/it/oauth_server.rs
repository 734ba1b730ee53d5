//! Signing people in for other applications.

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use http::Request;
use serde_json::{Value, json};

use crate::house::{House, Landing, Reply, claims, settings, text};

pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(crate) const BACK: &str = "https://app.example.com/cb";

pub(crate) fn served() -> settings::Auth {
    let mut settings = settings();
    settings.oauth_server_enabled = true;
    settings.oauth_server_allow_dynamic_registration = true;
    settings.oauth_server_authorization_path = "/consent".into();
    settings
}

impl House {
    pub(crate) async fn application(&self, body: Value) -> Value {
        let body = body.to_string();
        let reply = self
            .ask(&self.service(), "POST", "/admin/oauth/clients", &body)
            .await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        reply.json()
    }

    pub(crate) async fn confidential(&self) -> Value {
        self.application(json!({"redirect_uris": [BACK], "client_name": "Notes"}))
            .await
    }

    pub(crate) async fn admin_api(&self, method: &str, path: &str, body: &str) -> Reply {
        self.ask(&self.service(), method, path, body).await
    }

    /// An application sends somebody here; the id under which the page speaks of it.
    pub(crate) async fn begin(&self, client: &Value, more: &str) -> String {
        let landing = self.authorize(client, more).await;
        assert_eq!(landing.url, "http://localhost:3000/consent");
        landing.query["authorization_id"].clone()
    }

    pub(crate) async fn authorize(&self, client: &Value, more: &str) -> Landing {
        let path = format!(
            "/oauth/authorize?client_id={}&redirect_uri={BACK}&response_type=code&state=s1&code_challenge={CHALLENGE}&code_challenge_method=S256{more}",
            text(client, "client_id")
        );
        let reply = self.get("", &path).await;
        assert_eq!(reply.status, 302, "{}", reply.text);
        Landing::at(reply.header("location"))
    }

    /// The person looks and says yes; the code.
    pub(crate) async fn approve(&self, token: &str, id: &str) -> String {
        self.get(token, &format!("/oauth/authorizations/{id}"))
            .await
            .good();
        let reply = self.decide(token, id, "approve").await.good();
        let landing = Landing::at(reply["redirect_url"].as_str().unwrap());
        assert_eq!(
            (landing.url.as_str(), landing.query["state"].as_str()),
            (BACK, "s1")
        );
        landing.query["code"].clone()
    }

    pub(crate) async fn decide(&self, token: &str, id: &str, action: &str) -> Reply {
        let path = format!("/oauth/authorizations/{id}/consent");
        self.ask(token, "POST", &path, &json!({"action": action}).to_string())
            .await
    }

    pub(crate) async fn exchange(
        &self,
        basic: Option<(&str, &str)>,
        form: &[(&str, &str)],
    ) -> Reply {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let mut request = Request::post("/oauth/token")
            .header("content-type", "application/x-www-form-urlencoded");
        if let Some((id, secret)) = basic {
            let pair = STANDARD.encode(format!("{id}:{secret}"));
            request = request.header("authorization", format!("Basic {pair}"));
        }
        self.send(request.body(Body::from(body)).unwrap()).await
    }
}

pub(crate) fn credentials(client: &Value) -> (String, String) {
    (text(client, "client_id"), text(client, "client_secret"))
}

#[track_caller]
pub(crate) fn oauth_error(reply: &Reply, error: &str, described: &str) {
    assert_eq!(reply.status, 400, "{}", reply.text);
    assert_eq!(
        reply.json(),
        json!({"error": error, "error_description": described})
    );
}

#[tokio::test]
async fn an_application_signs_somebody_in() {
    // AUTH-OSRV-01, AUTH-OSRV-02, AUTH-OSRV-03, AUTH-OSRV-04, AUTH-OSRV-05, AUTH-OSRV-06, AUTH-OSRV-07
    let house = House::with(served()).await;
    let ada = house.person("ada").await;
    let token = text(&ada, "access_token");
    let client = house.confidential().await;
    let (id, secret) = credentials(&client);
    let name = house.begin(&client, "&scope=email%20profile").await;
    let shown = house
        .get(&token, &format!("/oauth/authorizations/{name}"))
        .await
        .good();
    assert_eq!(
        shown,
        json!({"authorization_id": name, "redirect_uri": BACK, "client": {"id": id, "name": "Notes"},
            "user": {"id": ada["user"]["id"], "email": "ada@example.com"}, "scope": "email profile"})
    );
    let code = house.approve(&token, &name).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ];
    let tokens = house.exchange(Some((&id, &secret)), &form).await.good();
    assert_eq!(
        (text(&tokens, "token_type"), &tokens["expires_in"]),
        ("bearer".into(), &json!(3600))
    );
    assert!(tokens.get("user").is_none() && tokens.get("id_token").is_none());
    let theirs = text(&tokens, "access_token");
    let said = claims(&theirs);
    assert_eq!(
        (&said["client_id"], &said["scope"]),
        (&json!(id), &json!("email profile"))
    );
    assert_eq!(
        said["amr"][0]["method"],
        "oauth_provider/authorization_code"
    );
    assert_eq!(said["sub"], ada["user"]["id"]);
    let told = house.get(&theirs, "/oauth/userinfo").await.good();
    assert_eq!(
        (&told["sub"], &told["email"]),
        (&said["sub"], &json!("ada@example.com"))
    );
    assert!(told["user_metadata"].is_object() && told.get("phone").is_none());
    // AUTH-REFRESH-09
    let refresh = text(&tokens, "refresh_token");
    oauth_error(
        &house.refresh(&refresh).await,
        "invalid_client",
        "Client authentication required for OAuth session",
    );
    let other = house.confidential().await;
    let (other_id, other_secret) = credentials(&other);
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh.as_str()),
    ];
    let reply = house
        .exchange(Some((&other_id, &other_secret)), &form)
        .await;
    oauth_error(
        &reply,
        "invalid_client",
        "Client does not match the session's OAuth client",
    );
    let own = text(&ada, "refresh_token");
    let reply = house
        .exchange(
            Some((&id, &secret)),
            &[("grant_type", "refresh_token"), ("refresh_token", &own)],
        )
        .await;
    oauth_error(
        &reply,
        "invalid_client",
        "Client authentication not allowed for non-OAuth session",
    );
    let fresh = house.exchange(Some((&id, &secret)), &form).await.good();
    let said = claims(&text(&fresh, "access_token"));
    assert_eq!(
        (&said["client_id"], &said["scope"]),
        (&json!(id), &json!("email profile"))
    );
    // What was agreed to before is not asked again.
    let name = house.begin(&client, "&scope=email").await;
    let shown = house
        .get(&token, &format!("/oauth/authorizations/{name}"))
        .await
        .good();
    assert!(
        text(&shown, "redirect_url").starts_with(&format!("{BACK}?code=")),
        "{shown}"
    );
    let name = house.begin(&client, "&scope=phone").await;
    let shown = house
        .get(&token, &format!("/oauth/authorizations/{name}"))
        .await
        .good();
    assert_eq!(shown["scope"], "phone");
    // AUTH-OSRV-09
    let grants = house.get(&token, "/user/oauth/grants").await.good();
    assert_eq!(
        (&grants[0]["client"]["id"], &grants[0]["scopes"]),
        (&json!(id), &json!(["email", "profile"]))
    );
    let path = format!("/user/oauth/grants?client_id={id}");
    assert_eq!(house.ask(&token, "DELETE", &path, "").await.status, 204);
    house.get(&theirs, "/user").await.fails(
        403,
        "session_not_found",
        "Session from session_id claim in JWT does not exist",
    );
    let gone = "No active grant found for this client";
    house
        .ask(&token, "DELETE", &path, "")
        .await
        .fails(404, "oauth_consent_not_found", gone);
    assert_eq!(
        house.get(&token, "/user/oauth/grants").await.good(),
        json!([])
    );
}

#[tokio::test]
async fn a_request_that_is_wrong_goes_to_the_application_only_where_the_address_is_its_own() {
    // AUTH-OSRV-01
    let house = House::with(served()).await;
    let client = house.confidential().await;
    let id = text(&client, "client_id");
    let at = |query: String| format!("/oauth/authorize?{query}");
    let fails = async |query: String, code: &str, message: &str| {
        house.get("", &at(query)).await.fails(400, code, message);
    };
    fails(String::new(), "validation_failed", "client_id is required").await;
    fails(
        format!("client_id={id}"),
        "validation_failed",
        "redirect_uri is required",
    )
    .await;
    fails(
        format!("client_id=x&redirect_uri={BACK}"),
        "oauth_client_not_found",
        "invalid client_id format",
    )
    .await;
    let unknown = "00000000-0000-4000-8000-000000000000";
    fails(
        format!("client_id={unknown}&redirect_uri={BACK}"),
        "oauth_client_not_found",
        "invalid client_id",
    )
    .await;
    for wrong in [
        "https://evil.example/cb",
        "https://app.example.com/cb/",
        "https://app.example.com/cb?x=1",
        "https://app.example.com.evil.example/cb",
    ] {
        fails(
            format!("client_id={id}&redirect_uri={wrong}"),
            "validation_failed",
            "invalid redirect_uri",
        )
        .await;
    }
    for more in [
        "&scope=admin",
        "&resource=nowhere",
        &format!("&nonce={}", "n".repeat(256)),
    ] {
        let landing = house.authorize(&client, more).await;
        assert_eq!(landing.url, BACK);
        assert_eq!(
            (
                landing.query["error"].as_str(),
                landing.query["state"].as_str()
            ),
            ("invalid_request", "s1")
        );
    }
    // PKCE is mandatory.
    let reply = house
        .get(
            "",
            &at(format!(
                "client_id={id}&redirect_uri={BACK}&response_type=code"
            )),
        )
        .await;
    let landing = Landing::at(reply.header("location"));
    assert_eq!(
        (landing.url.as_str(), landing.query["error"].as_str()),
        (BACK, "invalid_request")
    );
    assert_eq!(
        house
            .count("select count(*) from auth.oauth_authorizations")
            .await,
        0
    );
}

#[tokio::test]
async fn a_request_is_its_persons_alone_and_does_not_wait_for_ever() {
    // AUTH-OSRV-03, AUTH-OSRV-04, AUTH-REDIR-04
    let house = House::with(served()).await;
    let (ada, bob) = (house.person("ada").await, house.person("bob").await);
    let (ada, bob) = (text(&ada, "access_token"), text(&bob, "access_token"));
    let client = house.confidential().await;
    let name = house.begin(&client, "").await;
    let path = format!("/oauth/authorizations/{name}");
    let gone = |reply: Reply| {
        reply.fails(
            404,
            "oauth_authorization_not_found",
            "authorization not found",
        );
    };
    // Nobody agrees to what they have not seen.
    gone(house.decide(&ada, &name, "approve").await);
    house.get(&ada, &path).await.good();
    gone(house.get(&bob, &path).await);
    gone(house.decide(&bob, &name, "approve").await);
    gone(house.get(&ada, "/oauth/authorizations/nothing").await);
    house.decide(&ada, &name, "maybe").await.fails(
        400,
        "validation_failed",
        "action must be 'approve' or 'deny'",
    );
    for (origin, status) in [
        ("https://evil.example", 400),
        ("http://localhost:3000", 200),
    ] {
        let request = Request::get(&path)
            .header("authorization", format!("Bearer {ada}"))
            .header("origin", origin);
        assert_eq!(
            house
                .send(request.body(Body::empty()).unwrap())
                .await
                .status,
            status,
            "{origin}"
        );
    }
    let denied = house.decide(&ada, &name, "deny").await.good();
    let landing = Landing::at(denied["redirect_url"].as_str().unwrap());
    assert_eq!(landing.query["error"], "access_denied");
    assert_eq!(
        landing.query["error_description"],
        "User denied the request"
    );
    assert_eq!(landing.query["state"], "s1");
    house.decide(&ada, &name, "approve").await.fails(
        400,
        "validation_failed",
        "authorization request is no longer pending",
    );
    house.get(&ada, &path).await.fails(
        400,
        "validation_failed",
        "authorization request cannot be processed",
    );
    let name = house.begin(&client, "").await;
    house.clock.advance(TimeDelta::seconds(601));
    let ada = text(&house.sign_in("ada").await, "access_token");
    gone(
        house
            .get(&ada, &format!("/oauth/authorizations/{name}"))
            .await,
    );
}
