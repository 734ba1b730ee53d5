//! What a stop does to requests under way.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::house;

/// What has come so far, until `end` has.
async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    while !text.contains(end) {
        let read = stream.read(&mut buffer).await.unwrap();
        assert!(read > 0, "closed after {text:?}");
        text.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
    text
}

// REST-OPS-03, GW-LIM-04: nobody new is let in, and who is in is served.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_lets_requests_under_way_finish() {
    let house = house().await;
    let address = house.url.trim_start_matches("http://").to_owned();
    let mut under_way = TcpStream::connect(&address).await.unwrap();
    let head = format!(
        "POST /rest/v1/count HTTP/1.1\r\nhost: x\r\napikey: {}\r\ncontent-length: 10\r\nexpect: 100-continue\r\n\r\n",
        house.anon
    );
    under_way.write_all(head.as_bytes()).await.unwrap();
    // The service asks for the body: the request is with it.
    read_until(&mut under_way, "100 Continue\r\n\r\n").await;
    under_way.write_all(b"12345").await.unwrap();
    let stop = house.tasks.shut_down(std::time::Duration::from_secs(600));
    let caller = async {
        while TcpStream::connect(&address).await.is_ok() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        under_way.write_all(b"67890").await.unwrap();
        read_until(&mut under_way, "\r\n\r\n10").await
    };
    let (ended, answer) = tokio::join!(stop, caller);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(ended, "all tasks ended by themselves");
}
