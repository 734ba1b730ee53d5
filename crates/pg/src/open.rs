//! A caller's transaction that waits for a decision.

use crate::waiting::Lease;
use crate::wire::State;
use crate::{End, Error, ResultSet, Statement};

/// A transaction that waits for a decision.
#[derive(Debug)]
pub struct OpenTx {
    results: Vec<ResultSet>,
    lease: Lease,
    role: String,
}

impl OpenTx {
    pub(crate) fn new(results: Vec<ResultSet>, lease: Lease, role: String) -> Self {
        Self {
            results,
            lease,
            role,
        }
    }

    /// What the statements so far answered.
    pub fn results(&self) -> &[ResultSet] {
        &self.results
    }

    /// One more statement in the same transaction, as the same role. After an error the transaction can
    /// only be rolled back.
    pub async fn query(&mut self, statement: Statement) -> Result<ResultSet, Error> {
        self.lease.one(&self.role, &statement).await
    }

    /// Keeps everything and gives the connection back. Refused when a statement has failed.
    pub async fn commit(mut self) -> Result<Vec<ResultSet>, Error> {
        // PostgreSQL answers COMMIT of a failed transaction with success and a rollback.
        if self.lease.connection().state() != State::InTransaction {
            return Err(Error::Protocol(
                "a transaction that failed cannot be committed".into(),
            ));
        }
        self.lease.end(End::Commit).await?;
        Ok(self.results)
    }

    /// Undoes everything and gives the connection back.
    pub async fn rollback(mut self) -> Result<Vec<ResultSet>, Error> {
        self.lease.end(End::Rollback).await?;
        Ok(self.results)
    }
}
