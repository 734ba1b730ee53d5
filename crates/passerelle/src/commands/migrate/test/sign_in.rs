//! Section 3: sign-in with what was given, and with a person made for it (MIG-TEST-03).

use base::{OsRandom, Random as _, Secret};
use reqwest::Method;
use serde_json::{Value, json};

use super::Bench;
use crate::person::{Person, Refusal};

impl Bench {
    /// Section 3: sign-in with what was given, and with a person made for it.
    pub(super) async fn sign_in(&mut self, credentials: &[(String, Secret)]) {
        for (email, password) in credentials {
            let shown = migrate::users::masked(email);
            match Person::sign_in(&self.url, &self.anon, email, password.expose()).await {
                Ok(person) => {
                    self.add(
                        3,
                        format!("{shown} signs in with the old password"),
                        Ok::<_, Refusal>(person.id.clone()),
                    );
                    let mapped = self
                        .client
                        .query_one(
                            "select count(*) from public.user_id_mapping where supabase_user_id::text = $1",
                            &[&person.id],
                        )
                        .await
                        .map(|row| row.get::<_, i64>(0));
                    let outcome = match mapped {
                        Ok(1) => Ok("the mapped id".to_owned()),
                        Ok(count) => Err(format!("{count} lines of the mapping have this id")),
                        Err(error) => Err(error.to_string()),
                    };
                    self.add(3, format!("{shown} has the mapped id"), outcome);
                    let again =
                        Person::sign_in(&self.url, &self.anon, email, "not the password").await;
                    self.add(
                        3,
                        format!("{shown}: a wrong password is refused"),
                        refused(again, "invalid_credentials"),
                    );
                }
                Err(error) => self.add(
                    3,
                    format!("{shown} signs in with the old password"),
                    Err::<String, _>(error),
                ),
            }
        }
        self.canary().await;
    }

    async fn canary(&mut self) {
        let server = Person::with_token(&self.url, &self.service, "", self.service.clone());
        let email = format!("canary-{}@users.invalid", OsRandom.hex(6));
        let password = OsRandom.alphanumeric(24);
        let body = json!({ "email": email, "password": password, "email_confirm": true });
        let made = server
            .call(Method::POST, "/auth/v1/admin/users", &body)
            .await;
        let id = match &made {
            Ok(text) => serde_json::from_str::<Value>(text)
                .ok()
                .and_then(|user| Some(user["id"].as_str()?.to_owned()))
                .unwrap_or_default(),
            Err(_) => String::new(),
        };
        self.add(3, "a canary is made", made.map(|_| id.clone()));
        if id.is_empty() {
            return;
        }
        let tried = self.try_canary(&server, &id, &email, &password).await;
        self.add(
            3,
            "the canary signs in, refreshes, is banned",
            tried.map(|()| "as it should".to_owned()),
        );
        let gone = server
            .call(
                Method::DELETE,
                &format!("/auth/v1/admin/users/{id}"),
                &json!({}),
            )
            .await;
        self.add(3, "the canary is gone", gone.map(|_| String::new()));
    }

    async fn try_canary(
        &self,
        server: &Person,
        id: &str,
        email: &str,
        password: &str,
    ) -> Result<(), Refusal> {
        let person = Person::sign_in(&self.url, &self.anon, email, password).await?;
        let user = person
            .call(Method::GET, "/auth/v1/user", &Value::Null)
            .await?;
        let user: Value =
            serde_json::from_str(&user).map_err(|error| Refusal::new("user", error))?;
        if user["aud"] != "authenticated" || user["role"] != "authenticated" {
            return Err(Refusal::new("claims", &user));
        }
        let body = json!({ "refresh_token": person.refresh_token });
        person
            .call(
                Method::POST,
                "/auth/v1/token?grant_type=refresh_token",
                &body,
            )
            .await?;
        person
            .call(Method::POST, "/auth/v1/logout", &json!({}))
            .await?;
        let ban = json!({ "ban_duration": "876600h" });
        server
            .call(Method::PUT, &format!("/auth/v1/admin/users/{id}"), &ban)
            .await?;
        refused(
            Person::sign_in(&self.url, &self.anon, email, password).await,
            "user_banned",
        )
        .map(|_| ())
        .map_err(|why| Refusal::new("banned", why))
    }
}

/// A sign-in that must fail with this code.
fn refused(outcome: Result<Person, Refusal>, code: &str) -> Result<String, String> {
    match outcome {
        Err(error) if error.why.contains(code) => Ok(code.to_owned()),
        Err(error) => Err(error.to_string()),
        Ok(_) => Err("was let in".to_owned()),
    }
}
