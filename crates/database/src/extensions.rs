//! What is known of extensions: which the owner role may have, and which package brings one.

/// Extensions that the runner makes as the administrator (DB-POW-03), upstream's list. Left out on purpose,
/// because they read files or pages behind everybody's back: adminpack, amcheck, `file_fdw`, lo, `old_snapshot`,
/// pageinspect, `pg_buffercache`, `pg_freespacemap`, `pg_surgery`, `pg_visibility`.
pub(crate) const ALLOWED: [&str; 73] = [
    "address_standardizer",
    "address_standardizer_data_us",
    "autoinc",
    "bloom",
    "btree_gin",
    "btree_gist",
    "citext",
    "cube",
    "dblink",
    "dict_int",
    "dict_xsyn",
    "earthdistance",
    "fuzzystrmatch",
    "hstore",
    "http",
    "hypopg",
    "index_advisor",
    "insert_username",
    "intarray",
    "isn",
    "ltree",
    "moddatetime",
    "orioledb",
    "pg_cron",
    "pg_graphql",
    "pg_hashids",
    "pg_jsonschema",
    "pg_net",
    "pg_partman",
    "pg_prewarm",
    "pg_repack",
    "pg_stat_monitor",
    "pg_stat_statements",
    "pg_tle",
    "pg_trgm",
    "pg_walinspect",
    "pgaudit",
    "pgcrypto",
    "pgjwt",
    "pgmq",
    "pgroonga",
    "pgroonga_database",
    "pgrouting",
    "pgrowlocks",
    "pgsodium",
    "pgstattuple",
    "pgtap",
    "plcoffee",
    "pljava",
    "plls",
    "plpgsql",
    "plpgsql_check",
    "plv8",
    "postgis",
    "postgis_raster",
    "postgis_sfcgal",
    "postgis_tiger_geocoder",
    "postgis_topology",
    "postgres_fdw",
    "refint",
    "rum",
    "seg",
    "sslinfo",
    "supabase_vault",
    "tablefunc",
    "tcn",
    "timescaledb",
    "tsm_system_rows",
    "tsm_system_time",
    "unaccent",
    "uuid-ossp",
    "vector",
    "wrappers",
];

/// What to install on the server for an extension; `major` is PostgreSQL's major version.
pub fn package(extension: &str, major: i32) -> String {
    let name = match extension {
        "vector" => "pgvector",
        "postgis"
        | "postgis_raster"
        | "postgis_sfcgal"
        | "postgis_tiger_geocoder"
        | "postgis_topology"
        | "address_standardizer"
        | "address_standardizer_data_us" => "postgis-3",
        "pg_cron" => "cron",
        "pg_partman" => "partman",
        "pg_repack" => "repack",
        "plpgsql_check" => "plpgsql-check",
        "hypopg" | "pgaudit" | "pgrouting" | "pgtap" | "rum" | "wal2json" | "orafce" | "semver"
        | "periods" | "pgmq" | "http" => extension,
        "plperl" => return format!("package postgresql-plperl-{major}"),
        "plpython3u" => return format!("package postgresql-plpython3-{major}"),
        "timescaledb" | "plv8" | "pgroonga" | "pgroonga_database" | "wrappers" | "pg_tle"
        | "orioledb" | "pg_stat_monitor" | "pg_graphql" | "pg_net" | "pgsodium" | "pgjwt"
        | "supabase_vault" | "pg_jsonschema" | "index_advisor" | "pg_hashids" => {
            return format!(
                "extension {extension} from its own project; Debian has no package of it"
            );
        }
        _ => return format!("package postgresql-{major} (or -contrib), or the extension's own"),
    };
    format!("package postgresql-{major}-{name}")
}
