//! Durable background work in PostgreSQL.
//!
//! A job is enqueued in the transaction of what it belongs to, so it exists exactly when that was committed.
//! Workers of any node claim due jobs (`for update skip locked`) under a lease: a worker that vanishes loses
//! its lease and the job is taken again, so a job runs **at least once** and its handler must bear that. A
//! failed attempt is repeated with growing pauses; after the last one the job is kept as dead, where people
//! can see it (`passerelle.dead_jobs`) and give it another chance (`passerelle.retry_job`).

mod queue;
mod worker;

pub use queue::{Job, NewJob, Queue};
pub use worker::{Failure, Handler, Handlers, Worker};

/// Schema `passerelle`, as far as this crate owns it.
pub const SCHEMA: database::Schema = database::Schema {
    name: "passerelle",
    owner: "supabase_admin",
    migrations: &[database::Migration {
        version: "0001",
        name: "jobs",
        sql: include_str!("../migrations/0001_jobs.sql"),
    }],
};
