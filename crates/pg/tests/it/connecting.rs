//! Getting in: each way to log in, each meaning of `sslmode`.

use std::time::Duration;

use pg::{Endpoint, Error, Pool, PoolOptions, RequestOptions, Requests};

use crate::cluster::Cluster;
use crate::support::{PATIENCE, World};

const HBA: &str = "local all supabase_admin trust\n\
    local all all scram-sha-256\n\
    hostssl all in_the_clear 127.0.0.1/32 password\n\
    host all hashed 127.0.0.1/32 md5\n\
    host all in_the_clear 127.0.0.1/32 password\n\
    hostssl all only_tls 127.0.0.1/32 scram-sha-256\n\
    host all scram 127.0.0.1/32 scram-sha-256\n";

const ROLES: &str = "set password_encryption = 'md5'; create role hashed login password 'pw';\
    set password_encryption = 'scram-sha-256'; create role scram login password 'p w''é';\
    create role in_the_clear login password 'pw'; create role only_tls login password 'pw';";

/// Both clients must agree on who gets in.
async fn enter(endpoint: &Endpoint) -> Result<(), String> {
    let requests = Requests::new(
        endpoint,
        &RequestOptions {
            size: 1,
            ..RequestOptions::default()
        },
    );
    let own = requests.health().await;
    let options = PoolOptions {
        application_name: "t".into(),
        size: 1,
        acquire_timeout: PATIENCE,
    };
    let service = match Pool::new(endpoint, &options) {
        Ok(pool) => pool.get().await.map(drop),
        Err(error) => Err(error),
    };
    assert_eq!(own.is_ok(), service.is_ok(), "{own:?} and {service:?}");
    assert!(matches!(own, Ok(()) | Err(Error::Connect(_))), "{own:?}");
    own.map_err(|error| error.to_string())
}

async fn refused(endpoint: &Endpoint, part: &str) {
    let message = enter(endpoint).await.expect_err(part);
    assert!(message.contains(part), "{message}");
    assert!(!message.contains("p w"), "{message}");
}

#[tokio::test]
async fn each_way_to_log_in_works_and_a_wrong_password_does_not() {
    let cluster = Cluster::start(HBA, "");
    cluster
        .admin()
        .connect()
        .await
        .unwrap()
        .batch_execute(ROLES)
        .await
        .unwrap();
    let socket = cluster.path().display();
    enter(&cluster.endpoint(&format!("host={socket} user=scram password='p w\\'é'")))
        .await
        .unwrap();
    enter(&cluster.endpoint("host=127.0.0.1 user=scram password='p w\\'é'"))
        .await
        .unwrap();
    enter(&cluster.endpoint("host=localhost hostaddr=127.0.0.1 user=hashed password=pw"))
        .await
        .unwrap();
    refused(
        &cluster.endpoint("host=127.0.0.1 user=scram password=wrong"),
        "28P01",
    )
    .await;
    refused(
        &cluster.endpoint("host=127.0.0.1 user=hashed password=wrong"),
        "28P01",
    )
    .await;
    refused(
        &cluster.endpoint("host=127.0.0.1 user=nobody password=pw"),
        "28000",
    )
    .await;
    let without = Requests::new(
        &cluster.endpoint("host=127.0.0.1 user=scram"),
        &RequestOptions::default(),
    );
    assert!(
        without
            .health()
            .await
            .unwrap_err()
            .to_string()
            .contains("none is set")
    );
    // The own wire does not send a password that anyone can read; tokio-postgres would.
    let clear = Requests::new(
        &cluster.endpoint("host=127.0.0.1 user=in_the_clear password=pw"),
        &RequestOptions::default(),
    );
    assert!(
        clear
            .health()
            .await
            .unwrap_err()
            .to_string()
            .contains("in the clear")
    );
}

// MIG-CFG-04: sslmode, sslrootcert.
#[tokio::test]
async fn sslmode_decides_who_the_server_may_be() {
    let cluster = Cluster::start(HBA, "");
    cluster
        .admin()
        .connect()
        .await
        .unwrap()
        .batch_execute(ROLES)
        .await
        .unwrap();
    refused(
        &cluster.endpoint("host=127.0.0.1 user=scram password=x sslmode=require"),
        "TLS",
    )
    .await;
    let (certificates, root) = Cluster::certificates(&["localhost"]);
    let (_other, stranger) = Cluster::certificates(&["localhost"]);
    cluster.use_certificates(certificates.path());
    let (root, stranger) = (root.display(), stranger.display());
    let login = "user=only_tls password=pw hostaddr=127.0.0.1";
    let check = async |rest: &str| enter(&cluster.endpoint(&format!("{login} {rest}"))).await;

    check("host=localhost").await.unwrap();
    check("host=localhost sslmode=require").await.unwrap();
    check("host=elsewhere sslmode=require").await.unwrap();
    check(&format!(
        "host=elsewhere sslmode=verify-ca sslrootcert={root}"
    ))
    .await
    .unwrap();
    check(&format!(
        "host=localhost sslmode=verify-full sslrootcert={root}"
    ))
    .await
    .unwrap();
    check("host=localhost sslmode=disable").await.unwrap_err();
    check(&format!(
        "host=elsewhere sslmode=verify-full sslrootcert={root}"
    ))
    .await
    .unwrap_err();
    check(&format!(
        "host=localhost sslmode=verify-ca sslrootcert={stranger}"
    ))
    .await
    .unwrap_err();
    check(&format!(
        "host=localhost sslmode=require sslrootcert={stranger}"
    ))
    .await
    .unwrap_err();
    check("host=localhost sslmode=verify-full")
        .await
        .unwrap_err();
    check("host=localhost sslmode=verify-full sslrootcert=/nowhere.pem")
        .await
        .unwrap_err();
    enter(&cluster.endpoint("host=localhost hostaddr=127.0.0.1 user=in_the_clear password=pw"))
        .await
        .unwrap();

    // Queries travel and are cancelled over TLS, too.
    let endpoint = cluster.endpoint(&format!(
        "{login} host=localhost sslmode=verify-full sslrootcert={root}"
    ));
    let requests = Requests::new(
        &endpoint,
        &RequestOptions {
            size: 1,
            ..RequestOptions::default()
        },
    );
    let tx = |sql: &str| pg::RequestTx {
        role: "only_tls".into(),
        statements: vec![pg::Statement::new(sql, Vec::new())],
        ..pg::RequestTx::default()
    };
    let secure = "select ssl::text from pg_stat_ssl where pid = pg_backend_pid()";
    assert_eq!(
        requests.run(tx(secure)).await.unwrap()[0].rows[0].text(0),
        Some("true")
    );
    let large = requests
        .run(tx("select repeat('x', 3000000)"))
        .await
        .unwrap();
    assert_eq!(large[0].rows[0].get(0).unwrap().len(), 3_000_000);
    let asleep = tokio::time::timeout(
        Duration::from_millis(200),
        requests.run(tx("select pg_sleep(600)")),
    );
    asleep.await.unwrap_err();
    assert_eq!(
        requests.run(tx("select 'next'")).await.unwrap()[0].rows[0].text(0),
        Some("next")
    );
    assert_eq!(requests.stats().opened, 1);
}

#[tokio::test]
async fn the_first_host_that_answers_is_taken() {
    let cluster = Cluster::start("local all all trust\nhost all all 127.0.0.1/32 trust\n", "");
    let socket = cluster.path().display();
    let port = cluster.admin().config().get_ports()[0];
    let text = format!(
        "postgresql://supabase_admin@127.0.0.1:1,%2Fnowhere:{port},127.0.0.1:{port}/postgres"
    );
    enter(&Endpoint::parse(&text).unwrap()).await.unwrap();
    let text = format!("host=/nowhere,{socket} port={port} user=supabase_admin dbname=postgres");
    enter(&Endpoint::parse(&text).unwrap()).await.unwrap();
    enter(&cluster.endpoint("host=127.0.0.1 user=supabase_admin target_session_attrs=read-write"))
        .await
        .unwrap();
    refused(
        &cluster.endpoint("host=127.0.0.1 user=supabase_admin target_session_attrs=read-only"),
        "read-only",
    )
    .await;
    refused(
        &Endpoint::parse(&format!(
            "host={socket} port={port} user=supabase_admin dbname=no"
        ))
        .unwrap(),
        "3D000",
    )
    .await;
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let endpoint = Endpoint::parse(&format!("host=127.0.0.1 port={port} sslmode=disable")).unwrap();
    let options = RequestOptions {
        acquire_timeout: Duration::from_millis(100),
        ..RequestOptions::default()
    };
    let error = Requests::new(&endpoint, &options)
        .health()
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Connect(_)), "{error:?}");
}

#[tokio::test]
async fn something_else_than_postgresql_is_not_waited_for() {
    use tokio::io::AsyncWriteExt as _;
    let other = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = other.local_addr().unwrap().port();
    let endpoint = Endpoint::parse(&format!("host=127.0.0.1 port={port} sslmode=disable")).unwrap();
    let requests = Requests::new(&endpoint, &RequestOptions::default());
    let serve = async {
        let (mut stream, _) = other.accept().await.unwrap();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
        stream
    };
    let (answer, _stream) = tokio::join!(requests.health(), serve);
    assert!(answer.is_err(), "{answer:?}");
}

#[tokio::test]
async fn health_tells_whether_the_database_answers() {
    let world = World::new().await;
    world.small(1).health().await.unwrap();
    let nowhere = Endpoint::parse("host=/nowhere user=x").unwrap();
    let error = Requests::new(&nowhere, &RequestOptions::default())
        .health()
        .await
        .unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
}
