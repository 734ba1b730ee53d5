//! Section 4: the mapping is complete and nobody's but the servers' (MIG-TEST-04).

use reqwest::Method;

use super::Bench;
use crate::exit::Failure;
use crate::person::Person;

impl Bench {
    /// Section 4: the mapping is complete and nobody's but the servers'.
    pub(super) async fn mapping(&mut self) -> Result<(), Failure> {
        let source = self.source.session().await?;
        let query = format!("select count(*) from {}", self.plan.users.table.quoted());
        let users: i64 = source
            .query_one(&query, &[])
            .await
            .map_err(migrate::Error::from)?
            .get(0);
        let row = self
            .client
            .query_one("select count(*) from public.user_id_mapping", &[])
            .await
            .map(|row| row.get::<_, i64>(0));
        let outcome = match row {
            Ok(mapped) if mapped == users && users > 0 => Ok(format!("{mapped} users")),
            Ok(mapped) => Err(format!(
                "{users} users on the source, {mapped} in the mapping"
            )),
            Err(error) => Err(error.to_string()),
        };
        self.add(4, "everybody is in the mapping", outcome);
        let anybody = Person::with_key(&self.url, &self.anon);
        self.expect(
            4,
            "the mapping is closed to the public key",
            &anybody,
            Method::GET,
            "/rest/v1/user_id_mapping",
            &[401, 403, 404],
        )
        .await;
        Ok(())
    }
}
