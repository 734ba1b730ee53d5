//! Section 5: everybody reads exactly what was theirs in the old database (MIG-TEST-05).

use migrate::plan::TablePlan;
use uuid::Uuid;

use super::super::probe::token;
use super::{Bench, Migrated, rest_path};
use crate::exit::Failure;
use crate::person::Person;

impl Bench {
    /// Two ordinary people who own rows, with tokens signed by the project's key.
    pub(super) async fn people(&mut self) -> Result<Vec<Migrated>, Failure> {
        let Some(table) = self.owned().first().map(|table| (*table).clone()) else {
            self.add(
                5,
                "a table with owners",
                Err::<String, _>("none in the plan"),
            );
            return Ok(Vec::new());
        };
        let owner = sql::Ident::new(table.owner.as_deref().unwrap_or_default());
        let query = format!(
            "select m.supabase_user_id, m.old_user_id::text from public.user_id_mapping m \
             where m.status = 'created' and exists (select 1 from {} t where t.{owner} = m.supabase_user_id) \
             order by m.old_user_id limit 2",
            table.name.quoted()
        );
        let rows = self
            .client
            .query(&query, &[])
            .await
            .map_err(migrate::Error::from)?;
        let people: Vec<Migrated> = rows
            .iter()
            .map(|row| {
                let id: Uuid = row.get(0);
                Migrated {
                    person: Person::with_token(
                        &self.url,
                        &self.anon,
                        &id.to_string(),
                        token(&self.keys, id),
                    ),
                    legacy: row.get(1),
                }
            })
            .collect();
        let found = if people.len() == 2 {
            Ok("two".to_owned())
        } else {
            Err(format!(
                "{} migrated users own rows of {}",
                people.len(),
                table.name
            ))
        };
        self.add(5, "migrated people who own rows", found);
        Ok(people)
    }

    /// Section 5: everybody reads exactly what was theirs in the old database.
    pub(super) async fn history(&mut self, people: &[Migrated]) -> Result<(), Failure> {
        let source = self.source.session().await?;
        let tables: Vec<TablePlan> = self.owned().into_iter().cloned().collect();
        for table in &tables {
            for (place, it) in people.iter().enumerate() {
                let owner = sql::Ident::new(table.owner.as_deref().unwrap_or_default());
                let query = format!(
                    "select count(*) from {} where {owner}::text = $1",
                    table.name.quoted()
                );
                let then: i64 = source
                    .query_one(&query, &[&it.legacy])
                    .await
                    .map_err(migrate::Error::from)?
                    .get(0);
                let now = it.person.count(&rest_path(table, "select=*")).await;
                let outcome = match now {
                    Ok(now) if i64::try_from(now) == Ok(then) => Ok(format!("{now} rows")),
                    Ok(now) => Err(format!("{then} rows in the old database, {now} over REST")),
                    Err(error) => Err(error.to_string()),
                };
                self.add(
                    5,
                    format!("person {} reads their {}", place + 1, table.name),
                    outcome,
                );
            }
        }
        Ok(())
    }
}
