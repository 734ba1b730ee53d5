//! Section 2: the keys open what they should, and nothing else (MIG-TEST-02).

use migrate::plan::Pattern;
use reqwest::Method;

use super::{Bench, rest_path};
use crate::person::Person;

impl Bench {
    /// Section 2: the keys open what they should, and nothing else.
    pub(super) async fn api(&mut self) {
        let nobody = Person::with_key(&self.url, "");
        let wrong = Person::with_key(&self.url, "wrong");
        let anybody = Person::with_key(&self.url, &self.anon);
        let server = Person::with_token(&self.url, &self.service, "", self.service.clone());
        let table = self
            .plan
            .tables
            .iter()
            .find(|table| table.access != Pattern::PublicRead);
        let path = table.map_or_else(
            || "/rest/v1/".to_owned(),
            |table| rest_path(table, "limit=1"),
        );
        self.expect(
            2,
            "an unknown table is not found",
            &server,
            Method::GET,
            "/rest/v1/no_such_table_here",
            &[404],
        )
        .await;
        self.expect(2, "no key is refused", &nobody, Method::GET, &path, &[401])
            .await;
        self.expect(
            2,
            "a wrong key is refused",
            &wrong,
            Method::GET,
            &path,
            &[401],
        )
        .await;
        self.expect(
            2,
            "the public key is no administrator",
            &anybody,
            Method::GET,
            "/auth/v1/admin/users",
            &[401, 403],
        )
        .await;
        self.expect(
            2,
            "the service key is",
            &server,
            Method::GET,
            "/auth/v1/admin/users?per_page=1",
            &[200],
        )
        .await;
    }
}
