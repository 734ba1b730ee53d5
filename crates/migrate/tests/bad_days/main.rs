//! Runs on bad days: rows that the target refuses, servers that go away, disks that are full.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise and says what it saw"
)]

mod outages;
mod rejects;
mod stage;
