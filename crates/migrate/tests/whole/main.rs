//! Whole migrations of schemas that are not the application's: inspected, planned, run, verified, run again, taken back.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise and says what it saw"
)]

mod carried;
mod frameworks;
mod house;
mod nasty;
