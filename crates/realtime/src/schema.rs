//! Schema `realtime`, and how it came to be.

/// Schema `realtime`. Its partitions and the publication of `realtime.messages` are kept by the running
/// service, not by migrations: they depend on the day.
pub const SCHEMA: database::Schema = database::Schema {
    name: "realtime",
    owner: "supabase_realtime_admin",
    migrations: &[database::Migration {
        version: "0001",
        name: "realtime",
        sql: include_str!("../migrations/0001_realtime.sql"),
    }],
};
