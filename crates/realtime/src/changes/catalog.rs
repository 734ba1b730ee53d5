//! Tables as known now, read once and forgotten when anything about them may have changed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use pg::Pool;

use super::table::{self, RoleFacts, Table};

/// A table, with what was asked about roles since it was read.
pub(super) struct Known {
    pub(super) table: Table,
    pool: Pool,
    roles: tokio::sync::Mutex<HashMap<String, Option<Arc<RoleFacts>>>>,
}

/// What was found of a role.
pub(super) enum Role {
    /// It does not exist.
    Absent,
    /// What it may see.
    Facts(Arc<RoleFacts>),
    /// The table's policies have changed since it was read: both are to be read anew.
    Outdated,
}

/// How often a table is read anew that changes while it is read.
pub(super) const ATTEMPTS: usize = 20;

impl Known {
    /// What a role may see.
    pub(super) async fn role(&self, role: &str) -> Result<Role, pg::Error> {
        let mut roles = self.roles.lock().await;
        if let Some(facts) = roles.get(role) {
            return Ok(facts.clone().map_or(Role::Absent, Role::Facts));
        }
        let client = self.pool.get().await?;
        let facts = table::load_role(&client, self.table.oid, role)
            .await?
            .map(Arc::new);
        // Policies read at different times do not belong together.
        if facts
            .as_ref()
            .is_some_and(|facts| !facts.belong_to(&self.table))
        {
            return Ok(Role::Outdated);
        }
        roles.insert(role.to_owned(), facts.clone());
        Ok(facts.map_or(Role::Absent, Role::Facts))
    }
}

/// The catalog as far as it was asked about.
pub(super) struct Catalog {
    pool: Pool,
    tables: Mutex<HashMap<u32, Arc<Known>>>,
}

fn changing() -> pg::Error {
    pg::Error::Protocol("a table's policies changed each time they were read".into())
}

impl Catalog {
    pub(super) fn new(pool: &Pool) -> Self {
        Self {
            pool: pool.clone(),
            tables: Mutex::default(),
        }
    }

    /// As remembered.
    pub(super) async fn table(&self, oid: u32) -> Result<Option<Arc<Known>>, pg::Error> {
        let known = self.lock().get(&oid).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let read = self.current(oid).await?;
        if let Some(known) = &read {
            self.lock().insert(oid, Arc::clone(known));
        }
        Ok(read)
    }

    /// As remembered, with those of the roles that exist and what each may see of it.
    pub(super) async fn table_for(
        &self,
        oid: u32,
        roles: Vec<String>,
    ) -> Result<Option<(Arc<Known>, Vec<(String, Arc<RoleFacts>)>)>, pg::Error> {
        'again: for _ in 0..ATTEMPTS {
            let Some(known) = self.table(oid).await? else {
                return Ok(None);
            };
            let mut found = Vec::with_capacity(roles.len());
            for role in &roles {
                match known.role(role).await? {
                    Role::Facts(facts) => found.push((role.clone(), facts)),
                    Role::Absent => {}
                    Role::Outdated => {
                        self.forget(oid);
                        continue 'again;
                    }
                }
            }
            return Ok(Some((known, found)));
        }
        Err(changing())
    }

    /// Read anew, and not remembered: what a subscriber is told must be true now.
    async fn current(&self, oid: u32) -> Result<Option<Arc<Known>>, pg::Error> {
        let mut client = self.pool.get().await?;
        let table = table::load_table(&mut client, oid).await?;
        Ok(table.map(|table| {
            Arc::new(Known {
                table,
                pool: self.pool.clone(),
                roles: tokio::sync::Mutex::default(),
            })
        }))
    }

    /// The same with what a role may see; none of either that does not exist.
    pub(super) async fn current_for(
        &self,
        oid: u32,
        role: &str,
    ) -> Result<(Option<Arc<Known>>, Option<Arc<RoleFacts>>), pg::Error> {
        for _ in 0..ATTEMPTS {
            let Some(known) = self.current(oid).await? else {
                return Ok((None, None));
            };
            match known.role(role).await? {
                Role::Facts(facts) => return Ok((Some(known), Some(facts))),
                Role::Absent => return Ok((Some(known), None)),
                Role::Outdated => {}
            }
        }
        Err(changing())
    }

    /// The stream described the table anew.
    pub(super) fn forget(&self, oid: u32) {
        self.lock().remove(&oid);
    }

    /// Rights changed somewhere.
    pub(super) fn forget_all(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u32, Arc<Known>>> {
        self.tables
            .lock()
            .expect("no panic while tables are looked up")
    }
}
