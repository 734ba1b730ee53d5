//! One procedure that makes a Supabase database, however much of it is there already.

use pg::Endpoint;
use settings::OwnerRole;
use tokio_postgres::Client;

use crate::logins::Logins;
use crate::{Error, Options, Schema, migrate, substitute, vault};

/// Serialises preparations on one cluster: "passerel" in ASCII, as a number.
const LOCK: i64 = 0x7061_7373_6572_656c;

pub(crate) const POLICIES_FOR_SERVICE: &str = include_str!("sql/policies_for_service.sql");

/// What a preparation found and did.
#[derive(Debug, Clone)]
pub struct Report {
    /// How each service logs in.
    pub logins: Logins,
    /// The administrator's login to the prepared database.
    pub admin: Endpoint,
    /// `server_version_num`.
    pub server_version: i32,
    /// Schema changes that were applied now.
    pub migrations_applied: usize,
    /// Whether `service_role` passes row security; where it does not, [`let_service_role_in`] must be called when
    /// tables have changed.
    pub service_role_bypasses: bool,
    /// DB-ADO-04: tables that were in `public` before the first preparation. Callers reach them once they are
    /// granted; nobody but their owner does that.
    pub unexposed_tables: Vec<String>,
}

/// One step: its name and its SQL, run in one transaction.
type Step = (&'static str, &'static str);

const CLUSTER_STEPS: [Step; 2] = [
    ("roles", include_str!("sql/roles.sql")),
    ("role settings", include_str!("sql/role_settings.sql")),
];

fn database_steps(options: &Options) -> Vec<Step> {
    let mut steps = vec![
        ("schemas", include_str!("sql/schemas.sql")),
        ("helper functions", include_str!("sql/auth_functions.sql")),
        ("adoption", include_str!("sql/adopt.sql")),
        ("grants", include_str!("sql/grants.sql")),
        if options.auto_expose_new_tables {
            (
                "privileges of new tables",
                include_str!("sql/expose_new_tables.sql"),
            )
        } else {
            (
                "privileges of new tables",
                include_str!("sql/hide_new_tables.sql"),
            )
        },
        ("extensions", include_str!("sql/extensions.sql")),
        ("graphql", include_str!("sql/graphql.sql")),
        ("parameters", include_str!("sql/parameters.sql")),
        ("event triggers", include_str!("sql/event_triggers.sql")),
        ("publication", include_str!("sql/publication.sql")),
        ("webhooks", include_str!("sql/webhooks.sql")),
    ];
    match options.owner_role {
        OwnerRole::Member => steps.push(("owner role", include_str!("sql/owner_member.sql"))),
        OwnerRole::Superuser => steps.push(("owner role", include_str!("sql/owner_superuser.sql"))),
        OwnerRole::Strict => {}
    }
    steps
}

/// The SQL that [`prepare`] would run, as a script to read.
pub fn plan_sql(options: &Options, schemas: &[Schema]) -> String {
    let mut script = String::new();
    let mut add = |title: &str, sql: &str| {
        script.push_str("-- ");
        script.push_str(title);
        script.push_str("\n\n");
        script.push_str(sql.trim_end());
        // Ends a last statement that has no semicolon.
        script.push_str("\n;\n\n");
    };
    for (step, sql) in CLUSTER_STEPS.into_iter().chain(database_steps(options)) {
        add(step, sql);
    }
    for (name, sql) in substitute::from_the_start() {
        add(&format!("in the place of extension {name}"), &sql);
    }
    for schema in schemas {
        for migration in schema.migrations {
            let title = format!(
                "schema {}, change {} ({})",
                schema.name, migration.version, migration.name
            );
            add(
                &title,
                &format!(
                    "set role {};\n{}\n;\nreset role",
                    schema.owner, migration.sql
                ),
            );
        }
    }
    add("service_role without BYPASSRLS", POLICIES_FOR_SERVICE);
    script
}

/// Makes `options.name` on `admin`'s cluster a Supabase database with these services' schemas. Idempotent; safe
/// with several processes at once, on a half-prepared database and on one that came from upstream. Each step is
/// one transaction; nothing that was not made here is dropped or narrowed.
pub async fn prepare(
    admin: &Endpoint,
    options: &Options,
    schemas: &[Schema],
) -> Result<Report, Error> {
    // Held for the whole preparation; it goes with the connection, however that ends.
    let _guard = lock(admin).await?;
    let maintenance = connect(admin).await?;
    let facts = check(&maintenance, admin.user()).await?;
    for (name, sql) in CLUSTER_STEPS {
        transaction(&maintenance, name, sql).await?;
    }
    ensure_database(&maintenance, &options.name).await?;

    let target = admin.with_database(&options.name);
    let mut client = connect(&target).await?;
    check(&client, admin.user()).await?;
    let unexposed_tables = unexposed_tables(&client).await?;
    for (name, sql) in database_steps(options) {
        transaction(&client, name, sql).await?;
    }
    for sql in substitute::missing(&client)
        .await
        .map_err(|error| failed("substitutes", error))?
    {
        transaction(&client, "substitutes", &sql).await?;
    }
    let vault = vault::open(&client, &target, options).await?;
    write_database_settings(&client, options).await?;
    let mut migrations_applied = 0;
    for schema in schemas {
        migrations_applied += migrate::migrate(&mut client, schema).await?;
    }
    transaction(&client, "service_role", POLICIES_FOR_SERVICE).await?;
    let service_role_bypasses = bypasses(&client).await?;
    let logins = Logins::settle(&client, &target, options).await?;
    Ok(Report {
        logins: logins.with_vault(vault.clone()),
        admin: vault.lend(target),
        server_version: facts,
        migrations_applied,
        service_role_bypasses,
        unexposed_tables,
    })
}

/// DB-MGD-01: where `service_role` cannot be given BYPASSRLS, gives every table under row security that lacks it a
/// policy for that role. To be called when tables have changed; does nothing where it is not needed.
pub async fn let_service_role_in(admin: &Endpoint) -> Result<(), Error> {
    let client = connect(admin).await?;
    transaction(&client, "service_role", POLICIES_FOR_SERVICE).await
}

async fn unexposed_tables(client: &Client) -> Result<Vec<String>, Error> {
    let failed = |error| failed("checks", error);
    let sql = include_str!("sql/unexposed_tables.sql");
    let rows = client.query(sql, &[]).await.map_err(failed)?;
    rows.iter()
        .map(|row| row.try_get(0).map_err(failed))
        .collect()
}

async fn bypasses(client: &Client) -> Result<bool, Error> {
    let sql = "select rolbypassrls from pg_catalog.pg_roles where rolname = 'service_role'";
    let row = client.query_one(sql, &[]).await;
    row.and_then(|row| row.try_get(0))
        .map_err(|error| failed("service_role", error))
}

/// One preparation at a time on a cluster: roles and parameters are everybody's. Advisory locks belong to a
/// database, so everybody takes it in the same one: `postgres`, or the administrator's own where there is none.
pub(crate) async fn lock(admin: &Endpoint) -> Result<Client, Error> {
    let client = match connect(&admin.with_database("postgres")).await {
        Ok(client) => client,
        Err(_) => connect(admin).await?,
    };
    // As long as the others take; they may be many, and wait for disks.
    step(&client, "lock", "set lock_timeout = '10min'").await?;
    step(&client, "lock", &format!("select pg_advisory_lock({LOCK})")).await?;
    Ok(client)
}

pub(crate) async fn connect(endpoint: &Endpoint) -> Result<Client, Error> {
    let failed = |source| Error::Connect {
        user: endpoint.user().to_owned(),
        source,
    };
    let client = endpoint.connect().await.map_err(failed)?;
    // A server-wide limit must not end a preparation half-way.
    let session = "set statement_timeout = 0; set idle_session_timeout = 0; set lock_timeout = '60s'; \
                   set client_min_messages = warning; set search_path = pg_catalog";
    client
        .batch_execute(session)
        .await
        .map_err(|error| failed(error.into()))?;
    Ok(client)
}

async fn check(client: &Client, user: &str) -> Result<i32, Error> {
    let failed = |error: tokio_postgres::Error| Error::Step {
        step: "checks",
        source: error.into(),
    };
    let row = client
        .query_one(include_str!("sql/facts.sql"), &[])
        .await
        .map_err(failed)?;
    let number: i32 = row.try_get(0).map_err(failed)?;
    if !(140_000..190_000).contains(&number) {
        return Err(Error::Version {
            found: row.try_get(1).map_err(failed)?,
        });
    }
    if !row.try_get::<_, bool>(2).map_err(failed)? {
        return Err(Error::NoRights {
            user: user.to_owned(),
        });
    }
    let encoding: String = row.try_get(3).map_err(failed)?;
    if encoding != "UTF8" {
        return Err(Error::Encoding {
            name: row.try_get(4).map_err(failed)?,
            encoding,
        });
    }
    Ok(number)
}

async fn step(client: &Client, name: &'static str, sql: &str) -> Result<(), Error> {
    client
        .batch_execute(sql)
        .await
        .map_err(|error| Error::Step {
            step: name,
            source: error.into(),
        })
}

pub(crate) async fn transaction(
    client: &Client,
    name: &'static str,
    sql: &str,
) -> Result<(), Error> {
    let done = step(client, name, &format!("begin;\n{sql}\n;commit")).await;
    if done.is_err() {
        step(client, name, "rollback").await?;
    }
    done
}

pub(crate) fn failed(step: &'static str, error: tokio_postgres::Error) -> Error {
    Error::Step {
        step,
        source: error.into(),
    }
}

/// DB-GEN-06: the owner role owns the database. One that somebody made for another owner stays theirs.
async fn ensure_database(client: &Client, name: &str) -> Result<(), Error> {
    let failed = |error: tokio_postgres::Error| Error::Step {
        step: "database",
        source: error.into(),
    };
    let ident = sql::Ident::new(name);
    match client
        .query_opt(include_str!("sql/database_exists.sql"), &[&name])
        .await
        .map_err(failed)?
    {
        None => {
            let sql = format!(
                "create database {ident} owner postgres template template0 encoding 'UTF8'"
            );
            step(client, "database", &sql).await
        }
        Some(row) if row.try_get(0).map_err(failed)? && name == "postgres" => {
            step(
                client,
                "database",
                &format!("alter database {ident} owner to postgres"),
            )
            .await
        }
        Some(_) => Ok(()),
    }
}

/// DB-SET-23: settings that users' functions read. Left out where we may not set them.
async fn write_database_settings(client: &Client, options: &Options) -> Result<(), Error> {
    let mut values = vec![("app.settings.jwt_exp", options.jwt_expiry.to_string())];
    if let Some(secret) = &options.exposed_jwt_secret {
        values.push(("app.settings.jwt_secret", secret.expose().to_owned()));
    }
    for (name, value) in values {
        let (name, value) = (sql::Ident::new(name), sql::quote_literal(&value));
        let sql = format!(
            "alter database {} set {name} = {value}",
            sql::Ident::new(&options.name)
        );
        if let Err(error) = client.batch_execute(&sql).await {
            tracing::debug!(%error, setting = %name, "a database setting could not be written");
        }
    }
    Ok(())
}
