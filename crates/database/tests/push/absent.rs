//! Extensions that are there by name only.

use crate::house::{House, notes};

// DB-SUB-08, DB-SUB-10: a project that asks for them applies, and hears of it when it calls them.
#[tokio::test]
async fn what_cannot_be_had_is_there_by_name() {
    let house = House::new().await;
    let report = house
        .apply(
            "1_names.sql",
            "create extension if not exists http with schema extensions;
             create extension if not exists index_advisor with schema extensions;
             create extension if not exists hypopg with schema extensions;
             create function public.ping() returns int language sql as $$ select (extensions.http_get('http://localhost')).status $$;
             create function public.send(r extensions.http_request) returns extensions.http_response language sql as $$ select extensions.http(r) $$;
             select extensions.urlencode('a b/é');",
        )
        .await;
    let made: Vec<_> = notes(&report).into_iter().map(|(_, text)| text).collect();
    let possible = |name: &str| {
        [
            format!("substitute made for extension {name}"),
            format!("run as the administrator: extension {name}"),
        ]
    };
    for (text, name) in made.iter().zip(["http", "index_advisor", "hypopg"]) {
        assert!(possible(name).contains(&(*text).to_owned()), "{text}");
    }
    if !made[0].starts_with("substitute") {
        return;
    }
    let refused = house
        .client()
        .await
        .query("select public.ping()", &[])
        .await;
    let refused = refused.unwrap_err();
    assert_eq!(
        refused.as_db_error().unwrap().message(),
        "http is not available on this server; use net.http_post"
    );
    assert_eq!(
        house.texts("select extensions.urlencode('a b/é~')").await,
        ["a%20b%2F%C3%A9~"]
    );
    assert_eq!(
        house
            .texts("select array_to_string(errors, ',') from extensions.index_advisor('select 1')")
            .await,
        ["index_advisor is not available on this server"]
    );
    // They go as they came.
    house
        .apply(
            "2_drop.sql",
            "drop function public.ping(); drop function public.send; drop extension http; drop extension index_advisor; drop extension hypopg;",
        )
        .await;
    assert_eq!(
        house.texts("select proname::text from pg_proc where pronamespace = 'extensions'::regnamespace and proname ~ 'http|hypopg|index_advisor|urlencode'").await,
        [""; 0]
    );
}
