//! `/authorize` and `/callback`

use base64::Engine as _;
use chrono::TimeDelta;
use serde_json::{Value, json};
use sha2::Digest as _;

use crate::elsewhere::{CLIENT, Elsewhere};
use crate::house::{House, Landing, PASSWORD, Reply, claims, confirming, settings, text};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str =
    "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=s256";

/// Sets out to a provider; what it is asked.
pub(crate) async fn set_out(house: &House, query: &str) -> Landing {
    let reply = house.get("", &format!("/authorize?{query}")).await;
    assert_eq!(reply.status, 302, "{}", reply.text);
    Landing::at(reply.header("location"))
}

async fn come_back(house: &House, state: &str) -> Reply {
    house
        .get("", &format!("/callback?state={state}&code=abcdef"))
        .await
}

/// There and back.
pub(crate) async fn go(house: &House, query: &str) -> Landing {
    let asked = set_out(house, query).await;
    let reply = come_back(house, &asked.query["state"]).await;
    assert_eq!(reply.status, 302, "{}", reply.text);
    Landing::at(reply.header("location"))
}

async fn user(house: &House, landing: &Landing) -> Value {
    let token = landing
        .fragment
        .get("access_token")
        .unwrap_or_else(|| panic!("{landing:?}"));
    house.get(token, "/user").await.good()
}

#[tokio::test]
async fn somebody_comes_from_elsewhere() {
    let elsewhere = Elsewhere::open().await;
    let house = House::with_providers(confirming(), elsewhere.providers()).await;
    // AUTH-OAUTH-01, AUTH-OAUTH-02, AUTH-OAUTH-03, AUTH-OAUTH-04
    let asked = set_out(&house, "provider=Google&redirect_to=http://localhost:3000/in&scopes=calendar&access_type=offline&State=x&client_id=evil").await;
    assert_eq!(asked.url, format!("{}/authorize", elsewhere.url));
    assert_eq!(asked.query["client_id"], CLIENT);
    assert_eq!(
        asked.query["redirect_uri"],
        "http://localhost:8000/auth/v1/callback"
    );
    assert_eq!(asked.query["response_type"], "code");
    assert_eq!(asked.query["scope"], "email profile openid calendar");
    assert_eq!(asked.query["access_type"], "offline");
    assert!(!asked.query.contains_key("State") && !asked.query.contains_key("redirect_to"));
    let flow = "select count(*) from auth.flow_state where id = '{}' and provider_type = 'google' and authentication_method = 'oauth' and referrer = 'http://localhost:3000/in'";
    assert_eq!(
        house
            .count(&flow.replace("{}", &asked.query["state"]))
            .await,
        1
    );
    // AUTH-OAUTH-08
    let reply = come_back(&house, &asked.query["state"]).await;
    assert_eq!(reply.status, 302);
    let landing = Landing::at(reply.header("location"));
    assert_eq!(landing.url, "http://localhost:3000/in");
    let names: Vec<_> = landing.fragment.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "access_token",
            "expires_at",
            "expires_in",
            "provider_refresh_token",
            "provider_token",
            "refresh_token",
            "sb",
            "token_type"
        ]
    );
    assert_eq!(
        (
            landing.fragment["provider_token"].as_str(),
            landing.fragment["provider_refresh_token"].as_str()
        ),
        ("their-token", "their-refresh")
    );
    // AUTH-OAUTH-10
    let form = elsewhere.says.lock().unwrap().forms.pop().unwrap();
    assert_eq!(
        (
            form["code"].as_str(),
            form["client_id"].as_str(),
            form["client_secret"].as_str()
        ),
        ("abcdef", CLIENT, "our-secret")
    );
    assert_eq!(
        (form["grant_type"].as_str(), form["redirect_uri"].as_str()),
        (
            "authorization_code",
            "http://localhost:8000/auth/v1/callback"
        )
    );
    // AUTH-OAUTH-14, AUTH-LINK-01
    let user = user(&house, &landing).await;
    assert_eq!(
        user["app_metadata"],
        json!({"provider": "google", "providers": ["google"]})
    );
    assert!(user["email_confirmed_at"].is_string());
    let identity = &user["identities"][0];
    let data = json!({"iss": elsewhere.url, "sub": "42", "provider_id": "42", "name": "Ada", "full_name": "Ada",
        "email": "ada@example.com", "email_verified": true, "phone_verified": false});
    assert_eq!(
        (
            &identity["id"],
            &identity["provider"],
            &identity["identity_data"]
        ),
        (&json!("42"), &json!("google"), &data)
    );
    assert_eq!(user["user_metadata"], data);
    assert_eq!(
        claims(&landing.fragment["access_token"])["amr"][0]["method"],
        "oauth"
    );
    // The state is good for once (AUTH-OAUTH-07).
    let again = come_back(&house, &asked.query["state"]).await;
    assert_eq!(again.status, 303);
    assert_eq!(
        Landing::at(again.header("location")).query["error_code"],
        "bad_oauth_state"
    );
    // The second time it is the same user, with what is said of them now.
    elsewhere.says(json!({"sub": "42", "email": "ada@example.com", "email_verified": true, "name": "Countess"}));
    let again = self::user(&house, &go(&house, "provider=google").await).await;
    assert_eq!(
        (&again["id"], &again["user_metadata"]["name"]),
        (&user["id"], &json!("Countess"))
    );
    let settings = house.get("", "/settings").await.good();
    assert_eq!(
        (
            &settings["external"]["google"],
            &settings["external"]["apple"]
        ),
        (&json!(true), &json!(false))
    );
}

#[tokio::test]
async fn with_pkce_a_code_comes_back() {
    // AUTH-OAUTH-09, AUTH-TOKEN-07
    let elsewhere = Elsewhere::open().await;
    let house = House::with_providers(confirming(), elsewhere.providers()).await;
    let asked = set_out(
        &house,
        &format!("provider=google&redirect_to=http://localhost:3000/in?a=b&{CHALLENGE}"),
    )
    .await;
    assert!(
        !asked.query.contains_key("code_challenge"),
        "that is between us and our client"
    );
    let reply = come_back(&house, &asked.query["state"]).await;
    let landing = Landing::at(reply.header("location"));
    assert!(landing.fragment.is_empty());
    let again = come_back(&house, &asked.query["state"]).await;
    assert_eq!(
        Landing::at(again.header("location")).query["error_code"],
        "flow_state_already_used"
    );
    let body = json!({"auth_code": landing.query["code"], "code_verifier": VERIFIER});
    let tokens = house.post("/token?grant_type=pkce", body).await.good();
    assert_eq!(
        (&tokens["provider_token"], &tokens["provider_refresh_token"]),
        (&json!("their-token"), &json!("their-refresh"))
    );
    assert_eq!(
        claims(&text(&tokens, "access_token"))["amr"][0]["method"],
        "oauth"
    );
}

#[tokio::test]
async fn what_goes_wrong_is_told_to_the_application() {
    let elsewhere = Elsewhere::open().await;
    let house = House::with_providers(confirming(), elsewhere.providers()).await;
    // AUTH-OAUTH-01
    let fails = async |query: &str, message: &str| {
        house.get("", &format!("/authorize?{query}")).await.fails(
            400,
            "validation_failed",
            message,
        );
    };
    fails(
        "provider=apple",
        "Unsupported provider: provider is not enabled",
    )
    .await;
    fails(
        "provider=pigeon",
        "Unsupported provider: Provider pigeon could not be found",
    )
    .await;
    fails("", "Unsupported provider: Provider  could not be found").await;
    let reply = house
        .get("", "/authorize?provider=google&invite_token=x")
        .await;
    reply.fails(404, "user_not_found", "User identified by token not found");
    // AUTH-OAUTH-06, AUTH-OAUTH-07, AUTH-ERR-07
    for (state, code, message) in [
        ("", "bad_oauth_callback", "OAuth state parameter missing"),
        ("x", "bad_oauth_state", "OAuth state parameter is invalid"),
        (
            "6ba7b810-9dad-41d1-80b4-00c04fd430c8",
            "bad_oauth_state",
            "OAuth state not found or expired",
        ),
    ] {
        let reply = come_back(&house, state).await;
        assert_eq!(reply.status, 303);
        let landing = Landing::at(reply.header("location"));
        assert_eq!(landing.url, "http://localhost:3000");
        assert_eq!(
            (
                landing.query["error_code"].as_str(),
                landing.query["error_description"].as_str()
            ),
            (code, message)
        );
    }
    let late = set_out(&house, "provider=google").await;
    house.clock.advance(TimeDelta::seconds(301));
    let landing = Landing::at(
        come_back(&house, &late.query["state"])
            .await
            .header("location"),
    );
    assert_eq!(
        landing.query["error_description"],
        "OAuth state has expired"
    );
    // AUTH-OAUTH-11
    let state = set_out(
        &house,
        "provider=google&redirect_to=http://localhost:3000/in",
    )
    .await
    .query["state"]
        .clone();
    let reply = house
        .get(
            "",
            &format!("/callback?state={state}&error=access_denied&error_description=No+thanks"),
        )
        .await;
    let landing = Landing::at(reply.header("location"));
    for pairs in [&landing.query, &landing.fragment] {
        assert_eq!(
            (pairs["error"].as_str(), pairs["error_description"].as_str()),
            ("access_denied", "No thanks")
        );
    }
    let state = set_out(&house, "provider=google").await.query["state"].clone();
    let landing = Landing::at(
        house
            .get("", &format!("/callback?state={state}"))
            .await
            .header("location"),
    );
    assert_eq!(landing.query["error_code"], "bad_oauth_callback");
    elsewhere.says.lock().unwrap().status = 400;
    let landing = go(&house, "provider=google").await;
    assert_eq!(
        (
            landing.query["error"].as_str(),
            landing.query["error_description"].as_str()
        ),
        ("server_error", "Unable to exchange external code: abcd")
    );
    assert_eq!(landing.fragment["sb"], "");
    elsewhere.says.lock().unwrap().status = 200;
    // AUTH-OAUTH-12
    elsewhere.says(json!({"sub": "42"}));
    let landing = go(&house, "provider=google").await;
    assert_eq!(
        landing.query["error_description"],
        "Error getting user email from external provider"
    );
    assert_eq!(house.count("select count(*) from auth.users").await, 0);
}

#[tokio::test]
async fn a_hostile_provider_gets_nowhere() {
    let elsewhere = Elsewhere::open().await;
    let house = House::with_providers(confirming(), elsewhere.providers()).await;
    let person = json!({"sub": "42", "email": "ada@example.com", "email_verified": true});
    for hostile in [
        json!({"iss": "https://accounts.google.com"}),
        json!({"aud": "somebody-else"}),
        json!({"aud": ["somebody-else"]}),
        json!({"exp": 1_600_000_000}),
        json!({"exp": "4000000000"}),
        json!({"exp": null}),
        json!({"sub": ""}),
        json!({"sub": null}),
    ] {
        let mut claims = person.clone();
        claims
            .as_object_mut()
            .unwrap()
            .extend(hostile.as_object().unwrap().clone());
        elsewhere.says(claims);
        let landing = go(&house, "provider=google").await;
        assert_eq!(
            landing.query["error_description"], "Error getting user profile from external provider",
            "{hostile}"
        );
    }
    assert_eq!(house.count("select count(*) from auth.users").await, 0);
    // An issuer that calls itself by another name is not believed either.
    elsewhere.says(person);
    elsewhere.says.lock().unwrap().issuer = Some("https://accounts.google.com".into());
    let house = House::with_providers(confirming(), elsewhere.providers()).await;
    let reply = house.get("", "/authorize?provider=google").await;
    assert_eq!(reply.status, 500);
}

#[tokio::test]
async fn addresses_decide_who_it_is_only_when_they_are_verified() {
    // AUTH-LINK-01, AUTH-LINK-05
    let elsewhere = Elsewhere::open().await;
    let house = House::with_providers(confirming(), elsewhere.providers()).await;
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "email_confirm": true});
    let ada = house
        .ask(&house.service(), "POST", "/admin/users", &body.to_string())
        .await
        .good();
    // Not verified: somebody else, without the address.
    elsewhere.says(json!({"sub": "1", "email": "ada@example.com", "email_verified": false}));
    let landing = go(&house, "provider=google").await;
    let stranger = user(&house, &landing).await;
    assert_ne!(stranger["id"], ada["id"]);
    assert_eq!(stranger["email"], "");
    // Verified: Ada herself, who keeps her password.
    elsewhere.says(json!({"sub": "2", "email": "Ada@example.com", "email_verified": true}));
    let linked = user(&house, &go(&house, "provider=google").await).await;
    assert_eq!(linked["id"], ada["id"]);
    assert_eq!(
        linked["app_metadata"]["providers"],
        json!(["email", "google"])
    );
    house.sign_in("ada").await;
    // By another provider as well.
    let emails = json!([{"email": "x@y.z", "verified": true, "primary": true}, {"email": "ada@example.com", "verified": true, "primary": false}]);
    elsewhere.says.lock().unwrap().github.1 = emails;
    let linked = user(&house, &go(&house, "provider=github").await).await;
    assert_eq!(linked["id"], ada["id"]);
    assert_eq!(linked["identities"].as_array().unwrap().len(), 3);
    // AUTH-LINK-05
    house
        .sql("update auth.users set banned_until = now() + interval '1 day'")
        .await;
    let landing = go(&house, "provider=github").await;
    assert_eq!(
        (
            landing.query["error"].as_str(),
            landing.query["error_code"].as_str()
        ),
        ("access_denied", "user_banned")
    );
}

#[tokio::test]
async fn who_registers_anothers_address_first_gains_nothing() {
    // AUTH-LINK-04
    let elsewhere = Elsewhere::open().await;
    let house = House::with_providers(confirming(), elsewhere.providers()).await;
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "data": {"role": "admin"}});
    let squatted = house.post("/signup", body.clone()).await.good();
    let mail = house.mail().await;
    let ada = user(&house, &go(&house, "provider=google").await).await;
    assert_eq!(ada["id"], squatted["id"]);
    assert!(ada["email_confirmed_at"].is_string());
    assert!(ada["user_metadata"].get("role").is_none());
    assert_eq!(ada["identities"].as_array().unwrap().len(), 1);
    let reply = house.post("/token?grant_type=password", body).await;
    reply.fails(400, "invalid_credentials", "Invalid login credentials");
    assert_eq!(
        house.follow(&mail.link()).await.fragment["error_code"],
        "otp_expired"
    );
}

#[tokio::test]
async fn an_address_that_nobody_verified_has_to_be_confirmed() {
    // AUTH-LINK-04, AUTH-OAUTH-11
    let elsewhere = Elsewhere::open().await;
    let house = House::with_providers(confirming(), elsewhere.providers()).await;
    elsewhere.says(json!({"sub": "1", "email": "ada@example.com", "email_verified": false}));
    let landing = go(&house, "provider=google").await;
    assert_eq!(
        (
            landing.query["error"].as_str(),
            landing.query["error_code"].as_str()
        ),
        ("access_denied", "provider_email_needs_verification")
    );
    let told =
        "Unverified email with google. A confirmation email has been sent to your google email";
    assert_eq!(landing.query["error_description"], told);
    assert_eq!(house.count("select count(*) from auth.users").await, 1);
    let mail = house.mail().await;
    let again = go(&house, "provider=google").await;
    assert_eq!(
        again.query["error_description"],
        "Unverified email with google. Verify the email with google in order to sign in"
    );
    house.follow(&mail.link()).await;
    assert_eq!(
        user(&house, &go(&house, "provider=google").await).await["email"],
        "ada@example.com"
    );
    // AUTH-LINK-03
    let mut settings = settings();
    settings.disable_signup = true;
    let closed = House::with_providers(settings, elsewhere.providers()).await;
    let landing = go(&closed, "provider=google").await;
    assert_eq!(
        (
            landing.query["error"].as_str(),
            landing.query["error_code"].as_str()
        ),
        ("access_denied", "signup_disabled")
    );
}

#[tokio::test]
async fn providers_differ_in_what_they_want() {
    let elsewhere = Elsewhere::open().await;
    let mut providers = elsewhere.providers();
    providers.get_mut("x").unwrap().email_optional = true;
    let house = House::with_providers(confirming(), providers).await;
    // AUTH-OAUTH-05
    elsewhere.says.lock().unwrap().userinfo =
        json!({"data": {"id": "9", "name": "Ada", "username": "ada"}});
    let asked = set_out(&house, "provider=x").await;
    assert_eq!(asked.url, format!("{}/i/oauth2/authorize", elsewhere.url));
    assert_eq!(asked.query["code_challenge_method"], "S256");
    let landing = Landing::at(
        come_back(&house, &asked.query["state"])
            .await
            .header("location"),
    );
    let form = elsewhere.says.lock().unwrap().forms.pop().unwrap();
    let hashed = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .encode(sha2::Sha256::digest(&form["code_verifier"]));
    assert_eq!(hashed, asked.query["code_challenge"]);
    // AUTH-OAUTH-12: without an address.
    assert_eq!(user(&house, &landing).await["email"], "");
    // What keycloak tells besides.
    elsewhere.says.lock().unwrap().userinfo =
        json!({"sub": "k", "email": "kim@example.com", "email_verified": true, "groups": ["a"]});
    let kim = user(&house, &go(&house, "provider=keycloak").await).await;
    assert_eq!(
        kim["user_metadata"]["custom_claims"],
        json!({"groups": ["a"]})
    );
}

#[tokio::test]
async fn an_invitation_can_be_accepted_from_elsewhere() {
    let elsewhere = Elsewhere::open().await;
    let house = House::with_providers(confirming(), elsewhere.providers()).await;
    house
        .ask(
            &house.service(),
            "POST",
            "/invite",
            "{\"email\":\"ada@example.com\"}",
        )
        .await
        .good();
    let token = house.mail().await.parameter("token");
    elsewhere.says(json!({"sub": "1", "email": "bob@example.com", "email_verified": true}));
    let landing = go(&house, &format!("provider=google&invite_token={token}")).await;
    assert_eq!(
        landing.query["error_description"],
        "Invited email does not match emails from external provider"
    );
    elsewhere.says(json!({"sub": "2", "email": "ada@example.com", "email_verified": true}));
    let ada = user(
        &house,
        &go(&house, &format!("provider=google&invite_token={token}")).await,
    )
    .await;
    assert!(ada["email_confirmed_at"].is_string());
    let noted = "select count(*) from auth.audit_log_entries where payload ->> 'action' = 'invite_accepted'";
    assert_eq!(house.count(noted).await, 1);
}
