//! Many at once, and what is swept up afterwards.

use std::sync::Arc;

use chrono::TimeDelta;
use futures_util::future::join_all;

use crate::house::House;

#[tokio::test(flavor = "multi_thread")]
async fn of_many_uploads_of_one_key_one_wins() {
    // STO-UPL-09
    let house = Arc::new(House::new().await);
    let admin = house.service();
    house.bucket("b", false).await;
    let replies = join_all((0..12).map(|_| house.put(&admin, "b/a", "same"))).await;
    let won = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(won, 1);
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        reply.fails(
            400,
            "409",
            "KeyAlreadyExists",
            "The resource already exists",
        );
    }
    let headers = [("x-upsert", "true")];
    let texts = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    let replies =
        join_all(texts.map(|text| house.ask(&admin, "POST", "/object/b/a", &headers, text))).await;
    assert!(replies.iter().all(|reply| reply.status == 200));
    house.do_jobs().await;
    assert_eq!(house.files().len(), 1);
    let left = house.get(&admin, "/object/authenticated/b/a").await;
    assert!(texts.contains(&left.text()));
}

#[tokio::test]
async fn a_key_that_stays_locked_is_given_up() {
    // STO-ERR-33: after five seconds, which this test waits for.
    let house = House::new().await;
    let admin = house.service();
    house.bucket("b", false).await;
    house
        .sql("begin; select pg_advisory_xact_lock(hashtextextended('storage:b/a', 0))")
        .await;
    house
        .put(&admin, "b/a", "x")
        .await
        .fails(400, "503", "LockTimeout", "acquiring lock timeout");
    assert_eq!(house.files().len(), 0);
    house.sql("rollback").await;
    assert_eq!(house.put(&admin, "b/a", "x").await.status, 200);
}

#[tokio::test]
async fn bytes_without_a_row_are_swept_after_a_day() {
    // STO-OPS-03, STO-DEV-05
    let house = House::new().await;
    let admin = house.service();
    house.bucket("b", false).await;
    house.put(&admin, "b/kept", "x").await;
    house.put(&admin, "b/lost", "lost").await;
    house.sql("set storage.allow_delete_query = 'true'; delete from storage.objects where name = 'lost'").await;
    assert_eq!(
        house.storage.sweep(false).await.unwrap(),
        storage::Swept::default()
    );
    house.clock.advance(TimeDelta::days(2));
    let swept = storage::Swept {
        versions: 1,
        bytes: 4,
        unfinished: 0,
    };
    assert_eq!(house.storage.sweep(true).await.unwrap(), swept);
    assert_eq!(house.files().len(), 2);
    assert_eq!(house.storage.sweep(false).await.unwrap(), swept);
    assert_eq!(house.files().len(), 1);
    house
        .tasks
        .shut_down(std::time::Duration::from_secs(5))
        .await;
}

#[tokio::test]
async fn the_file_is_there_before_its_row() {
    // STO-FS-03: the commit is held back by the lock on the key; the bytes already have their name.
    let house = House::new().await;
    let admin = house.service();
    house.bucket("b", false).await;
    house
        .sql("begin; select pg_advisory_xact_lock(hashtextextended('storage:b/a', 0))")
        .await;
    let upload = house.put(&admin, "b/a", "text");
    let watch = async {
        loop {
            let named = house
                .files()
                .iter()
                .any(|file| !file.to_string_lossy().contains("incoming"));
            if named {
                break;
            }
            tokio::task::yield_now().await;
        }
        let committed = house.count("select count(*) from storage.objects").await;
        house.sql("rollback").await;
        committed
    };
    let (reply, committed) = tokio::join!(upload, watch);
    assert_eq!((reply.status.as_u16(), committed), (200, 0));
}

#[tokio::test]
async fn a_removal_spares_what_a_row_names() {
    // A job runs at least once: a repeated one must not remove a version that is in use.
    let house = House::new().await;
    let admin = house.service();
    house.bucket("b", false).await;
    house.put(&admin, "b/a", "text").await;
    house
        .sql(
            "select passerelle.enqueue_job('storage.remove',
               jsonb_build_object('bucket', 'b', 'versions', jsonb_build_array(jsonb_build_array(name, version))),
               now() - interval '1 hour', 5, null, now() - interval '1 hour')
             from storage.objects",
        )
        .await;
    house.do_jobs().await;
    assert_eq!(
        house.get(&admin, "/object/authenticated/b/a").await.text(),
        "text"
    );
}

#[tokio::test]
async fn an_object_is_imported_with_any_key() {
    let house = House::new().await;
    house.bucket("b", true).await;
    let object = storage::import::Imported {
        bucket: "b".into(),
        key: "cité/a[1].txt".into(),
        owner: Some(crate::house::ADA.into()),
        content_type: "text/plain".into(),
        cache_control: "max-age=5".into(),
        user_metadata: serde_json::json!({}),
    };
    let body = || {
        futures_util::StreamExt::boxed(futures_util::stream::iter([Ok(bytes::Bytes::from("text"))]))
    };
    let id = storage::import::object(&house.storage, object.clone(), body())
        .await
        .unwrap();
    let again = storage::import::object(&house.storage, object, body())
        .await
        .unwrap();
    assert_eq!(id, again);
    let got = house
        .get("", "/object/public/b/cit%C3%A9/a%5B1%5D.txt")
        .await;
    assert_eq!(
        (got.text(), got.header("cache-control")),
        ("text", "max-age=5")
    );
}
