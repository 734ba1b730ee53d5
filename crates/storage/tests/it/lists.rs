//! Listings.

use serde_json::{Value, json};

use crate::house::House;

async fn filled() -> House {
    let house = House::new().await;
    let admin = house.service();
    house.bucket("b", false).await;
    for key in [
        "b.txt",
        "A.txt",
        "dir/one",
        "dir/sub/two",
        "Dir/three",
        "dir_x",
        "dir/sub/four",
        "z/y/x",
        "dIr/five",
    ] {
        assert_eq!(
            house.put(&admin, &format!("b/{key}"), "x").await.status,
            200
        );
    }
    house
}

async fn list(house: &House, body: Value) -> Vec<String> {
    let reply = house
        .json(&house.service(), "POST", "/object/list/b", &body)
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_folder_is_listed_one_level_deep() {
    let house = filled().await;
    // STO-LST-01, STO-LST-03, STO-LST-04: files and folders merged by lower-cased name, every spelling of a folder.
    assert_eq!(
        list(&house, json!({ "prefix": "" })).await,
        ["A.txt", "b.txt", "Dir", "dIr", "dir", "dir_x", "z"]
    );
    let down = json!({ "prefix": "", "sortBy": { "column": "name", "order": "desc" } });
    assert_eq!(
        list(&house, down).await,
        ["z", "dir_x", "dir", "dIr", "Dir", "b.txt", "A.txt"]
    );
    assert_eq!(
        list(&house, json!({ "prefix": "dir" })).await,
        ["five", "one", "sub", "three"]
    );
    assert_eq!(
        list(&house, json!({ "prefix": "dir/sub/" })).await,
        ["four", "two"]
    );
    assert_eq!(
        list(&house, json!({ "prefix": "none" })).await,
        Vec::<String>::new()
    );
    // STO-LST-06
    assert_eq!(
        list(&house, json!({ "prefix": "", "limit": 3, "offset": 1 })).await,
        ["b.txt", "Dir", "dIr"]
    );
    assert_eq!(
        list(&house, json!({ "prefix": "", "limit": 3, "offset": 4 })).await,
        ["dir", "dir_x", "z"]
    );
    let other = house
        .json(
            &house.service(),
            "POST",
            "/object/list/none",
            &json!({ "prefix": "" }),
        )
        .await;
    other.is(200, &json!([]));
    // STO-LST-05
    assert_eq!(
        list(&house, json!({ "prefix": "", "search": "DIR_" })).await,
        ["dir_x"]
    );
    assert_eq!(
        list(&house, json!({ "prefix": "", "search": "d%" })).await,
        Vec::<String>::new()
    );
    assert_eq!(
        list(&house, json!({ "prefix": "", "search": "dir/s" })).await,
        ["dir/sub"]
    );
    assert_eq!(
        list(&house, json!({ "prefix": "dir", "search": "su" })).await,
        ["sub"]
    );
}

#[tokio::test]
async fn entries_have_their_shape() {
    // STO-LST-02
    let house = filled().await;
    let reply = house
        .json(
            &house.service(),
            "POST",
            "/object/list/b",
            &json!({ "prefix": "dir" }),
        )
        .await
        .json();
    let file = reply[1].as_object().unwrap();
    let members: Vec<_> = file.keys().map(String::as_str).collect();
    assert_eq!(
        members,
        [
            "name",
            "id",
            "updated_at",
            "created_at",
            "last_accessed_at",
            "metadata"
        ]
    );
    assert_eq!(file["metadata"]["size"], json!(1));
    assert_eq!(
        reply[2],
        json!({ "name": "sub", "id": null, "updated_at": null, "created_at": null, "last_accessed_at": null, "metadata": null })
    );
    // STO-HTTP-04
    let bad = house
        .json(
            &house.service(),
            "POST",
            "/object/list/b",
            &json!({ "prefix": "", "limit": 0 }),
        )
        .await;
    bad.fails(400, "400", "InvalidRequest", "body/limit must be >= 1");
    let bad = house
        .json(&house.service(), "POST", "/object/list/b", &json!({}))
        .await;
    bad.fails(
        400,
        "400",
        "InvalidRequest",
        "body must have required property 'prefix'",
    );
}

#[tokio::test]
async fn other_orders_have_folders_first() {
    // STO-LST-03
    let house = filled().await;
    let by =
        |order: &str| json!({ "prefix": "", "sortBy": { "column": "created_at", "order": order } });
    assert_eq!(
        list(&house, by("asc")).await,
        ["Dir", "dIr", "dir", "z", "b.txt", "A.txt", "dir_x"]
    );
    assert_eq!(
        list(&house, by("desc")).await,
        ["Dir", "dIr", "dir", "z"]
            .iter()
            .rev()
            .copied()
            .chain(["dir_x", "A.txt", "b.txt"])
            .collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn sql_lists_the_same() {
    // STO-LST-08, STO-SQL-15
    let house = filled().await;
    let rows = house
        .admin
        .query("select name from storage.search('dir/', 'b', 2, 2, 1)", &[])
        .await
        .unwrap();
    let names: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(names, ["one", "sub"]);
    let count = house
        .count("select count(*) from storage.list_objects_with_delimiter('b', 'dir/', '/')")
        .await;
    assert_eq!(count, 2);
}

async fn pages(house: &House, mut body: Value) -> (Vec<String>, usize) {
    let (mut names, mut count) = (Vec::new(), 0);
    loop {
        let page = house
            .json(&house.service(), "POST", "/object/list-v2/b", &body)
            .await
            .json();
        count += 1;
        for entry in page["folders"]
            .as_array()
            .unwrap()
            .iter()
            .chain(page["objects"].as_array().unwrap())
        {
            names.push(entry["name"].as_str().unwrap().to_owned());
        }
        if page["hasNext"] != json!(true) {
            assert!(page.get("nextCursor").is_none());
            return (names, count);
        }
        body["cursor"] = page["nextCursor"].clone();
    }
}

#[tokio::test]
async fn the_second_listing_pages_without_loss() {
    let house = filled().await;
    // STO-LS2-02, STO-LS2-03, STO-LS2-05, STO-LS2-06
    let all = [
        "A.txt",
        "Dir/three",
        "b.txt",
        "dIr/five",
        "dir/one",
        "dir/sub/four",
        "dir/sub/two",
        "dir_x",
        "z/y/x",
    ];
    assert_eq!(
        pages(&house, json!({ "limit": 2 })).await,
        (all.map(str::to_owned).to_vec(), 5)
    );
    for column in ["name", "created_at", "updated_at"] {
        for order in ["asc", "desc"] {
            for folded in [false, true] {
                let body = |limit: i64| json!({ "limit": limit, "with_delimiter": folded, "sortBy": { "column": column, "order": order } });
                let mut whole = pages(&house, body(1000)).await.0;
                let (mut names, count) = pages(&house, body(1)).await;
                assert_eq!(names.len(), count, "{column} {order} {folded}");
                whole.sort();
                names.sort();
                assert_eq!(names, whole, "{column} {order} {folded}");
            }
        }
    }
    let page = house
        .json(
            &house.service(),
            "POST",
            "/object/list-v2/b",
            &json!({ "prefix": "di", "with_delimiter": true }),
        )
        .await
        .json();
    assert_eq!(
        page["folders"],
        json!([{ "key": "dir", "name": "dir/", "id": null, "updated_at": null, "created_at": null, "last_accessed_at": null, "metadata": null }])
    );
    assert_eq!(
        (&page["hasNext"], &page["objects"][0]["key"]),
        (&json!(false), &json!("dir_x"))
    );
    // STO-LS2-01
    let page = house
        .json(
            &house.service(),
            "POST",
            "/object/list-v2/b",
            &json!({ "limit": 1 }),
        )
        .await
        .json();
    assert_eq!(
        (&page["hasNext"], &page["nextCursorKey"], &page["folders"]),
        (&json!(true), &json!("A.txt"), &json!([]))
    );
    // STO-LS2-04
    let bad = house
        .json(
            &house.service(),
            "POST",
            "/object/list-v2/b",
            &json!({ "cursor": "nonsense" }),
        )
        .await;
    bad.fails(
        400,
        "400",
        "InvalidParameter",
        "Invalid Parameter continuation token",
    );
}
