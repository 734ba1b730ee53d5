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

impl Known {
    /// What a role may see; none when it does not exist.
    pub(super) async fn role(&self, role: &str) -> Result<Option<Arc<RoleFacts>>, pg::Error> {
        let mut roles = self.roles.lock().await;
        if let Some(facts) = roles.get(role) {
            return Ok(facts.clone());
        }
        let client = self.pool.get().await?;
        let facts = table::load_role(&client, self.table.oid, role)
            .await?
            .map(Arc::new);
        // Policies read at different times do not belong together.
        let facts = facts.filter(|facts| facts.policies.len() == self.table.policies.len());
        roles.insert(role.to_owned(), facts.clone());
        Ok(facts)
    }
}

/// The catalog as far as it was asked about.
pub(super) struct Catalog {
    pool: Pool,
    tables: Mutex<HashMap<u32, Arc<Known>>>,
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

    /// Read anew, and not remembered: what a subscriber is told must be true now.
    pub(super) async fn current(&self, oid: u32) -> Result<Option<Arc<Known>>, pg::Error> {
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
