//! Section 6: nobody reads, adds, changes or deletes another's rows (MIG-TEST-06).

use migrate::plan::TablePlan;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Bench, Migrated, rest_path};
use crate::person::{Person, Refusal};

impl Bench {
    /// Section 6: nobody reads, adds, changes or deletes another's rows.
    pub(super) async fn isolation(&mut self, people: &[Migrated]) {
        let [one, other] = people else { return };
        let tables: Vec<TablePlan> = self.owned().into_iter().cloned().collect();
        for table in &tables {
            let owner = table.owner.clone().unwrap_or_default();
            let path = rest_path(table, &format!("{owner}=eq.{}", other.person.id));
            let seen = one.person.count(&path).await;
            // Row security lets nobody change what they cannot see: with the rows hidden the next ones touch nothing.
            let hidden = matches!(seen, Ok(0));
            self.add(
                6,
                format!("another's {} are hidden", table.name),
                none(seen),
            );
            let anybody = Person::with_key(&self.url, &self.anon);
            let seen = anybody
                .ask(Method::GET, &rest_path(table, "limit=1"), &Value::Null, &[])
                .await;
            let outcome = seen
                .map_err(|it| it.to_string())
                .and_then(|(status, _, text)| {
                    if status.as_u16() == 401 || text == "[]" {
                        Ok(status.to_string())
                    } else {
                        Err(text)
                    }
                });
            self.add(
                6,
                format!("{} are closed to the public key", table.name),
                outcome,
            );
            let change = json!({ owner.clone(): one.person.id });
            for (method, body) in [(Method::PATCH, change), (Method::DELETE, Value::Null)] {
                if !hidden {
                    break;
                }
                let name = format!("{method} of another's {}", table.name);
                let answer = one
                    .person
                    .ask(method, &path, &body, &[("prefer", "return=representation")])
                    .await;
                let outcome = answer
                    .map_err(|it| it.to_string())
                    .and_then(|(status, _, text)| {
                        if text == "[]" || [401, 403].contains(&status.as_u16()) {
                            Ok(status.to_string())
                        } else {
                            Err(format!("{status} {text}"))
                        }
                    });
                self.add(6, name, outcome);
            }
        }
    }
}

fn none(seen: Result<u64, Refusal>) -> Result<String, String> {
    match seen {
        Ok(0) => Ok("0 rows".to_owned()),
        Ok(rows) => Err(format!("{rows} rows")),
        Err(error) => Err(error.to_string()),
    }
}
