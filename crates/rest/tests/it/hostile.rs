//! Malformed and hostile input: an error of the table, never a 500, never wrong data.

use crate::server::Server;

// REST-GEN-04, REST-ERR-07, REST-FLT-08, REST-CLI-06, REST-HTTP-08: and never an empty or an HTML body
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_requests_get_an_error_of_the_table() {
    let server = Server::start(&["public"]).await;
    // REST-CLI-08: as long as a request line can be.
    let mut long_list = "/customers?id=in.(1".to_owned();
    for id in 2.. {
        let next = format!(",{id}");
        if long_list.len() + next.len() >= 65_500 {
            break;
        }
        long_list.push_str(&next);
    }
    long_list.push(')');
    assert_eq!(server.ask("", "GET", &long_list, &[], "").await.status, 200);
    let deep_or = format!(
        "/customers?or={}id.eq.1{}",
        "(and".repeat(300),
        ")".repeat(300)
    );
    let deep_embed = format!(
        "/employees?select={}id{}",
        "employees(".repeat(300),
        ")".repeat(300)
    );
    let deep_many = format!(
        "/people?select={}id{}",
        "people(".repeat(60),
        ")".repeat(60)
    );
    let deep_one = format!(
        "/people?select={}id{}",
        "boss_id(".repeat(60),
        ")".repeat(60)
    );
    let wide = format!(
        "/people?select={}",
        (0..200)
            .map(|n| format!("a{n}:boss_id(id)"))
            .collect::<Vec<_>>()
            .join(",")
    );
    let wide_or = format!("/people?or=({})", vec!["id.eq.1"; 4_000].join(","));
    let uris = [
        deep_many.as_str(),
        deep_one.as_str(),
        wide.as_str(),
        wide_or.as_str(),
        deep_or.as_str(),
        deep_embed.as_str(),
        "/customers?select=id::int;drop table customers",
        "/customers?select=%22a%22%22b%22",
        "/customers?a%00b=eq.1",
        "/customers?id=eq.%00",
        "/customers?id=eq.%ff%fe",
        "/customers?name=in.(%00)",
        "/customers?select=meta->'x'--",
        "/customers?order=id;select",
        "/customers?limit=99999999999999999999&offset=9223372036854775807",
        "/customers?select=a(b(c(",
        "/customers?id=eq(any).1",
        "/%00",
        "/%ff",
        "/rpc/%22",
        "//",
        "/customers?select=meta->99999999999999",
        "/customers?id=fts(no_such_language).x",
        "/customers?on_conflict=(",
    ];
    for uri in uris {
        let answer = server.ask("", "GET", uri, &[], "").await;
        assert!(
            answer.status < 500,
            "{uri:.80}: {} {}",
            answer.status,
            answer.body
        );
        if answer.status >= 400 {
            let body: serde_json::Value = serde_json::from_str(&answer.body).expect("a JSON body");
            let members: Vec<&str> = body
                .as_object()
                .unwrap()
                .keys()
                .map(String::as_str)
                .collect();
            assert_eq!(members, ["code", "details", "hint", "message"], "{uri:.80}");
        }
    }
    for body in [
        "\u{0}",
        "[[]]",
        "[null]",
        "{\"name\":\"\\u0000\"}",
        "{\"id\":1e999}",
        "nul",
        "{\"id\":{}}",
        "{\"na\\u0000me\":1}",
    ] {
        let answer = server.ask("", "POST", "/customers", &[], body).await;
        assert!(
            (400..500).contains(&answer.status),
            "{body:?}: {} {}",
            answer.status,
            answer.body
        );
    }
    assert_eq!(
        server
            .ask("", "GET", "/customers?select=count", &[], "")
            .await
            .body,
        r#"[{"count":3}]"#
    );
}
