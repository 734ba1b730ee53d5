//! A database with roles and a table under row security.

use std::time::Duration;

use pg::{Endpoint, Error, RequestOptions, RequestTx, Requests, ResultSet, Statement};
use testkit::{Postgres, TestDatabase};

/// How long anything may take on a machine that is busy otherwise; only what never comes takes as long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A database with the login `test_authenticator`, the roles `test_anon` and `test_user`, and the
/// table `note`, of which a user sees and writes its own rows.
pub(crate) struct World {
    pub(crate) database: TestDatabase,
    pub(crate) admin: tokio_postgres::Client,
}

impl World {
    pub(crate) async fn new() -> Self {
        let database = Postgres::shared().database().await;
        let admin = database.connect().await;
        admin
            .batch_execute(include_str!("world.sql"))
            .await
            .unwrap();
        Self { database, admin }
    }

    pub(crate) fn login(&self) -> Endpoint {
        self.database
            .admin()
            .with_login("test_authenticator", "secret")
    }

    pub(crate) fn requests(&self, options: &RequestOptions) -> Requests {
        Requests::new(&self.login(), options)
    }

    pub(crate) fn small(&self, size: usize) -> Requests {
        self.requests(&RequestOptions {
            size,
            acquire_timeout: PATIENCE,
            ..RequestOptions::default()
        })
    }
}

/// Statements as a user called `name`.
pub(crate) fn as_user(name: &str, statements: &[(&str, &[&str])]) -> RequestTx {
    RequestTx {
        role: "test_user".into(),
        settings: vec![(
            "request.jwt.claims".into(),
            format!("{{\"sub\":\"{name}\"}}"),
        )],
        statements: statements
            .iter()
            .map(|(sql, params)| statement(sql, params))
            .collect(),
        ..RequestTx::default()
    }
}

pub(crate) fn statement(sql: &str, params: &[&str]) -> Statement {
    let params = params
        .iter()
        .map(|param| Some(bytes::Bytes::copy_from_slice(param.as_bytes())))
        .collect();
    Statement::new(sql, params)
}

/// The first column of the only row of the last result.
pub(crate) fn only(results: &[ResultSet]) -> &str {
    let rows = &results.last().expect("a result").rows;
    assert_eq!(rows.len(), 1);
    rows[0].text(0).expect("not null")
}

pub(crate) async fn ask(requests: &Requests, sql: &str) -> Result<String, Error> {
    let results = requests.run(as_user("ada", &[(sql, &[])])).await?;
    Ok(only(&results).to_owned())
}

pub(crate) fn code(result: Result<Vec<ResultSet>, Error>) -> String {
    let error = result.expect_err("an error");
    error
        .code()
        .unwrap_or_else(|| panic!("{error:?}"))
        .to_owned()
}

/// Waits until `question` answers true: for what happens outside of any call.
pub(crate) async fn until(admin: &tokio_postgres::Client, question: &str) {
    let began = tokio::time::Instant::now();
    while !admin
        .query_one(question, &[])
        .await
        .unwrap()
        .get::<_, bool>(0)
    {
        assert!(began.elapsed() < PATIENCE, "never true: {question}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
