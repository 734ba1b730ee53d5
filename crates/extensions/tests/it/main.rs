//! Both workers on a real PostgreSQL, with a real server to send to and a clock moved by hand.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, where a panic is the report"
)]

mod cron;
mod house;
mod jobs;
mod net;
mod nodes;
mod receiver;
mod webhooks;
