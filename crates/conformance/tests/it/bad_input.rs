//! What careless and hostile clients send, through the real door: each gets its answer, and what it used is clean
//! for the next.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use reqwest::{Client, Method, StatusCode};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::house::House;
use crate::shelf::shelf;

async fn filled() -> &'static House {
    tokio::task::spawn_blocking(shelf).await.unwrap()
}

/// A request of the service role; `target` is what stands behind `/rest/v1`.
async fn ask(
    house: &House,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> (StatusCode, Value) {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let mut request = Client::new()
        .request(method, format!("{}/rest/v1{target}", house.url))
        .header("apikey", &house.service_key)
        .body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{status}: {text:?}"));
    (status, body)
}

/// Whatever happened before: many at once are answered rightly, and no session lies in an open transaction.
async fn is_clean(house: &'static House) {
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..40 {
        asked.spawn(ask(
            house,
            "GET",
            "/shelf?select=id&order=id",
            &[],
            Vec::new(),
        ));
    }
    while let Some(answer) = asked.join_next().await {
        let (status, body) = answer.unwrap();
        assert_eq!(status, 200, "{body}");
        assert_eq!(body.to_string(), r#"[{"id":1},{"id":2},{"id":3},{"id":4}]"#);
    }
    let client = house.admin.connect().await.unwrap();
    let open = "select count(*) from pg_stat_activity
        where usename = 'authenticator' and state like 'idle in transaction%' and state_change < now() - interval '1 minute'";
    let row = client.query_one(open, &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 0);
}

// REST-GEN-04, REST-ERR-07, REST-PAY-01, REST-JWT-08, REST-SEQ-01: status and code, as upstream has them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malformed_requests_get_the_error_that_clients_know() {
    let house = filled().await;
    let deep = format!(
        "/shelf?or={}id.eq.1{}",
        "(and".repeat(5_000),
        ")".repeat(5_000)
    );
    let embeds = format!(
        "/shelf?select={}id{}",
        "loans(".repeat(3_000),
        ")".repeat(3_000)
    );
    let gets = [
        ("/shelf?title=eq.%00", 400, "22021"),
        ("/shelf?id=eq.abc", 400, "22P02"),
        ("/shelf?id=eq.%ff%fe", 400, "22P02"),
        ("/shelf?id=in.(1,x)", 400, "22P02"),
        ("/shelf?id=in.(1", 400, "PGRST100"),
        ("/shelf?select=id,", 400, "PGRST100"),
        ("/shelf?select=loans(id", 400, "PGRST100"),
        ("/shelf?or=(id.eq.1", 400, "PGRST100"),
        ("/shelf?order=id.sideways", 400, "PGRST100"),
        ("/shelf?id=nope.1", 400, "PGRST100"),
        (deep.as_str(), 400, "PGRST100"),
        (embeds.as_str(), 400, "PGRST100"),
        ("/shelf?select=nope", 400, "42703"),
        ("/shelf?select=id::nope", 400, "42704"),
        ("/shelf?select=nope(id)", 400, "PGRST200"),
        ("/shelf?loans.id=eq.1", 400, "PGRST108"),
        ("/shelf?limit=-1", 416, "PGRST103"),
        ("/nope", 404, "PGRST205"),
        ("/rpc/nope", 404, "PGRST202"),
        ("/a/b/c", 404, "PGRST125"),
    ];
    for (target, status, code) in gets {
        let (found, body) = ask(house, "GET", target, &[], Vec::new()).await;
        assert_eq!(
            (found.as_u16(), &body["code"]),
            (status, &code.into()),
            "{target:.80}: {body}"
        );
    }
    let nested = "[".repeat(100_000).into_bytes();
    let objects = r#"{"a":"#.repeat(100_000).into_bytes();
    let posts: [(&str, Vec<u8>, u16, &str); 9] = [
        ("application/json", b"{".to_vec(), 400, "PGRST102"),
        (
            "application/json",
            b"[{\"id\":1},{\"title\":\"x\"}]".to_vec(),
            400,
            "PGRST102",
        ),
        (
            "application/json",
            b"\xff\xfe\x00".to_vec(),
            400,
            "PGRST102",
        ),
        (
            "application/json",
            b"{\"title\":\"\\u0000\"}".to_vec(),
            400,
            "22P05",
        ),
        ("application/json", nested, 400, "PGRST102"),
        ("application/json", objects, 400, "PGRST102"),
        ("text/csv", b"id,title\n1".to_vec(), 400, "PGRST102"),
        ("image/png", b"x".to_vec(), 400, "PGRST102"),
        (
            "application/json",
            b"{\"nope\":1}".to_vec(),
            400,
            "PGRST204",
        ),
    ];
    for (kind, body, status, code) in posts {
        let shown = String::from_utf8_lossy(&body[..body.len().min(30)]).into_owned();
        let (found, body) = ask(house, "POST", "/shelf", &[("content-type", kind)], body).await;
        assert_eq!(
            (found.as_u16(), &body["code"]),
            (status, &code.into()),
            "{kind} {shown}: {body}"
        );
    }
    let others = [
        (
            "GET",
            "/shelf",
            ("authorization", "Bearer x"),
            401,
            "PGRST301",
        ),
        (
            "GET",
            "/shelf",
            ("authorization", "Bearer a.b.c"),
            401,
            "PGRST301",
        ),
        ("GET", "/shelf", ("accept", "image/png"), 406, "PGRST107"),
        ("GET", "/shelf", ("accept-profile", "nope"), 406, "PGRST106"),
        ("GET", "/shelf", ("range", "5-1"), 416, "PGRST103"),
        (
            "GET",
            "/shelf",
            ("prefer", "handling=strict, nonsense"),
            400,
            "PGRST122",
        ),
        ("PURGE", "/shelf", ("x-nothing", "1"), 405, "PGRST117"),
        (
            "DELETE",
            "/rpc/double_it",
            ("x-nothing", "1"),
            405,
            "PGRST101",
        ),
    ];
    for (method, target, header, status, code) in others {
        let (found, body) = ask(house, method, target, &[header], Vec::new()).await;
        assert_eq!(
            (found.as_u16(), &body["code"]),
            (status, &code.into()),
            "{method} {target} {header:?}: {body}"
        );
    }
    is_clean(house).await;
}

// REST-CLI-08: as long as a request line can be.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_as_long_as_a_url_may_be_is_answered() {
    let house = filled().await;
    let mut target = "/shelf?select=id&id=in.(1".to_owned();
    for id in 5.. {
        if target.len() > 65_000 {
            break;
        }
        let _ = write!(target, ",{id}");
    }
    target.push(')');
    let (status, body) = ask(house, "GET", &target, &[], Vec::new()).await;
    assert_eq!(
        (status.as_u16(), body.to_string()),
        (200, r#"[{"id":1}]"#.to_owned())
    );
}

/// A socket of its own to the door.
async fn connect(house: &House) -> TcpStream {
    let address = house.url.trim_start_matches("http://");
    TcpStream::connect(address).await.unwrap()
}

/// What the server says until it closes the connection; nothing if it only closes.
async fn said(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset after an answer is an end as well.
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

// GW-LIM-01, REST-CLI-08: bytes that are no request are refused by the door and cost it nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_request_is_refused_and_nothing_else_suffers() {
    let house = filled().await;
    let huge = format!(
        "GET /rest/v1/shelf?id=in.({}1) HTTP/1.1\r\n",
        "1,".repeat(5 << 20)
    );
    let requests: [&[u8]; 6] = [
        huge.as_bytes(),
        b"GET /rest/v1/shelf\0 HTTP/1.1\r\n",
        b"GET /rest/v1/sh elf HTTP/1.1\r\n",
        b"GET\0 /rest/v1/shelf HTTP/1.1\r\n",
        b"GET /rest/v1/shelf HTTP/1.1\r\nx\0y: 1\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n",
    ];
    for request in requests {
        let shown = String::from_utf8_lossy(&request[..request.len().min(60)]).into_owned();
        let mut stream = connect(house).await;
        let rest = format!(
            "host: x\r\napikey: {}\r\nconnection: close\r\n\r\n",
            house.service_key
        );
        // The server may have refused and closed before all is written.
        if stream.write_all(request).await.is_ok() {
            let _ = stream.write_all(rest.as_bytes()).await;
        }
        let answer = said(&mut stream).await;
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{shown}: {answer}"
        );
    }
    // Bytes that no URI has, but that are taken for one: a typed answer, and no row.
    let mut stream = connect(house).await;
    let mut request = b"GET /rest/v1/shelf?title=eq.\xff\xfe HTTP/1.1\r\nhost: x\r\n".to_vec();
    request.extend(format!("apikey: {}\r\nconnection: close\r\n\r\n", house.service_key).bytes());
    stream.write_all(&request).await.unwrap();
    let answer = said(&mut stream).await;
    assert!(
        answer.starts_with("HTTP/1.1 400") || answer.ends_with("\r\n\r\n[]"),
        "{answer}"
    );
    is_clean(house).await;
}

// REST-TXN-10, GW-RT-31: a body that never ends holds its own connection and nothing of the database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_bodies_hold_up_nobody() {
    let house = filled().await;
    let body = r#"{"id":"slow","reader":"slow"}"#;
    let head = format!(
        "POST /rest/v1/loans HTTP/1.1\r\nhost: x\r\napikey: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        house.service_key,
        body.len()
    );
    let mut slow = Vec::new();
    for _ in 0..100 {
        let mut stream = connect(house).await;
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&body.as_bytes()[..5]).await.unwrap();
        slow.push(stream);
    }
    is_clean(house).await;
    // They go away; the next one takes its time and comes to its end.
    drop(slow);
    let mut last = connect(house).await;
    last.write_all(head.as_bytes()).await.unwrap();
    for byte in body.bytes() {
        last.write_all(&[byte]).await.unwrap();
    }
    let answer = said(&mut last).await;
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let (status, rows) = ask(
        house,
        "DELETE",
        "/loans?id=eq.slow&select=id",
        &[("prefer", "return=representation")],
        Vec::new(),
    )
    .await;
    assert_eq!(
        (status.as_u16(), rows.to_string()),
        (200, r#"[{"id":"slow"}]"#.to_owned())
    );
}

// REST-TXN-10: who goes away takes the statement along, and leaves the connection clean.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_request_is_cancelled_in_the_database() {
    let house = filled().await;
    let admin = house.admin.connect().await.unwrap();
    admin
        .batch_execute("select pg_advisory_lock(4711)")
        .await
        .unwrap();
    let waiting = "select count(*) from pg_locks
        where locktype = 'advisory' and not granted and objid = 4711";
    let began = Instant::now();
    let head = format!(
        "POST /rest/v1/rpc/wait_for_the_lock HTTP/1.1\r\nhost: x\r\napikey: {}\r\ncontent-length: 0\r\n\r\n",
        house.service_key
    );
    let mut streams = Vec::new();
    for _ in 0..5 {
        let mut stream = connect(house).await;
        stream.write_all(head.as_bytes()).await.unwrap();
        streams.push(stream);
    }
    let count = async |wanted: i64| {
        while admin
            .query_one(waiting, &[])
            .await
            .unwrap()
            .get::<_, i64>(0)
            != wanted
        {
            assert!(
                began.elapsed() < Duration::from_secs(300),
                "{wanted} were awaited"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    count(5).await;
    drop(streams);
    // The lock is still held: only a cancelled statement no longer waits for it.
    count(0).await;
    admin
        .batch_execute("select pg_advisory_unlock(4711)")
        .await
        .unwrap();
    is_clean(house).await;
}
