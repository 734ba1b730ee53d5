//! Section 1: every service answers (MIG-TEST-01).

use reqwest::Method;

use super::Bench;
use crate::person::Person;

impl Bench {
    /// Section 1: every service answers.
    pub(super) async fn services(&mut self) {
        let anybody = Person::with_key(&self.url, &self.anon);
        let server = Person::with_key(&self.url, &self.service);
        self.expect(
            1,
            "auth is healthy",
            &anybody,
            Method::GET,
            "/auth/v1/health",
            &[200],
        )
        .await;
        self.expect(1, "rest answers", &server, Method::GET, "/rest/v1/", &[200])
            .await;
        self.expect(
            1,
            "storage answers",
            &server,
            Method::GET,
            "/storage/v1/bucket",
            &[200],
        )
        .await;
        let socket = tokio_tungstenite::connect_async(format!(
            "{}/realtime/v1/websocket?apikey={}&vsn=1.0.0",
            self.url.replacen("http", "ws", 1),
            self.anon
        ))
        .await;
        self.add(
            1,
            "realtime opens a socket",
            socket.map(|_| "101".to_owned()),
        );
        let version = self
            .client
            .query_one("select current_setting('server_version')", &[])
            .await;
        self.add(
            1,
            "the database answers",
            version.map(|row| row.get::<_, String>(0)),
        );
    }
}
