//! Row security, as two people.

use serde_json::json;

use crate::house::{ADA, BOB, House};

#[tokio::test]
async fn each_works_in_a_folder_of_their_own() {
    let house = House::new().await;
    house.bucket("b", false).await;
    house.own_folders().await;
    let (ada, bob) = (house.user(ADA), house.user(BOB));
    let mine = format!("b/{ADA}/a.txt");
    // STO-RLS-01, STO-RLS-04
    assert_eq!(house.put(&ada, &mine, "ada's").await.status, 200);
    // STO-ERR-15, STO-UPL-07
    house.put(&bob, &format!("b/{ADA}/b.txt"), "bob's").await.is(
        400,
        &json!({ "statusCode": "403", "error": "Unauthorized", "message": "new row violates row-level security policy", "code": "AccessDenied" }),
    );
    assert_eq!(
        house
            .get(&ada, &format!("/object/authenticated/{mine}"))
            .await
            .text(),
        "ada's"
    );
    house
        .get(&bob, &format!("/object/authenticated/{mine}"))
        .await
        .fails(400, "404", "NoSuchKey", "Object not found");
    // STO-LST-06, STO-LST-07
    let list = async |token: &str| {
        house
            .json(token, "POST", "/object/list/b", &json!({ "prefix": "" }))
            .await
            .json()
    };
    assert_eq!(list(&ada).await[0]["name"], json!(ADA));
    assert_eq!(list(&bob).await, json!([]));
    // STO-ERR-17, STO-DEL-02
    house
        .ask(&bob, "DELETE", &format!("/object/{mine}"), &[], "")
        .await
        .fails(400, "403", "AccessDenied", "Access denied");
    let keys = json!({ "prefixes": [format!("{ADA}/a.txt")] });
    house
        .json(&bob, "DELETE", "/object/b", &keys)
        .await
        .is(200, &json!([]));
    // STO-UPL-10: the owner is who uploaded.
    let gone = house.json(&ada, "DELETE", "/object/b", &keys).await.json();
    assert_eq!(
        (&gone[0]["owner"], &gone[0]["owner_id"]),
        (&json!(ADA), &json!(ADA))
    );
}

#[tokio::test]
async fn without_policies_only_the_service_passes() {
    // STO-RLS-08, STO-BKT-15
    let house = House::new().await;
    house.bucket("b", false).await;
    let admin = house.service();
    house.put(&admin, "b/a", "1").await;
    for token in [house.token("anon", None), house.user(ADA)] {
        house.put(&token, "b/x", "1").await.fails(
            400,
            "403",
            "AccessDenied",
            "new row violates row-level security policy",
        );
        house.get(&token, "/object/authenticated/b/a").await.fails(
            400,
            "404",
            "NoSuchKey",
            "Object not found",
        );
    }
}

#[tokio::test]
async fn an_upload_needs_insert_and_an_upsert_more() {
    // STO-UPL-08, STO-RLS-02
    let house = House::new().await;
    house.bucket("b", false).await;
    let ada = house.user(ADA);
    let upsert = async |at: &str| {
        house
            .ask(
                &ada,
                "POST",
                &format!("/object/b/{at}"),
                &[("x-upsert", "true")],
                "x",
            )
            .await
    };
    house
        .sql("create policy i on storage.objects for insert to authenticated with check (true)")
        .await;
    assert_eq!(house.put(&ada, "b/a", "1").await.status, 200);
    assert_eq!(upsert("new").await.json()["statusCode"], json!("403"));
    house
        .sql("create policy s on storage.objects for select to authenticated using (true)")
        .await;
    assert_eq!(upsert("a").await.json()["statusCode"], json!("403"));
    house
        .sql("create policy u on storage.objects for update to authenticated using (true)")
        .await;
    assert_eq!(upsert("a").await.status, 200);
    assert_eq!(upsert("new").await.status, 200);
    // STO-DEL-03
    house
        .ask(&ada, "DELETE", "/object/b/a", &[], "")
        .await
        .fails(400, "403", "AccessDenied", "Access denied");
    house
        .sql("create policy d on storage.objects for delete to authenticated using (true)")
        .await;
    assert_eq!(
        house
            .ask(&ada, "DELETE", "/object/b/a", &[], "")
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn policies_see_the_request() {
    // STO-RLS-01, STO-RLS-04, STO-RLS-06, STO-RLS-07, STO-UPL-07
    let house = House::new().await;
    house.bucket("b", false).await;
    house
        .sql(
            "create policy i on storage.objects for insert to authenticated with check (
           storage.operation() = 'storage.object.upload'
           and storage.allow_only_operation('object.upload')
           and storage.allow_any_operation(array['object.get', 'storage.object.upload'])
           and not storage.allow_only_operation('object.copy')
           and storage.extension(name) = 'txt'
           and metadata->>'mimetype' = 'text/plain'
           and (metadata->>'contentLength')::int < 10
           and user_metadata->>'kind' = 'note'
           and owner_id = auth.uid()::text
           and current_setting('request.headers')::jsonb->>'x-app' = 'seven'
           and current_setting('request.method') = 'POST'
           and current_setting('request.path') = '/object/b/n.txt'
           and current_setting('request.jwt.claim.sub') = owner_id
         )",
        )
        .await;
    let headers = [
        ("content-type", "text/plain"),
        ("content-length", "2"),
        ("x-app", "seven"),
        ("x-metadata", "eyJraW5kIjoibm90ZSJ9"),
    ];
    let ada = house.user(ADA);
    let reply = house
        .ask(&ada, "POST", "/object/b/n.txt", &headers, "ok")
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let reply = house
        .ask(&ada, "POST", "/object/b/n.png", &headers, "ok")
        .await;
    assert_eq!(reply.json()["statusCode"], json!("403"));
}

#[tokio::test]
async fn triggers_of_the_application_have_their_say() {
    // STO-RLS-05
    let house = House::new().await;
    house.bucket("b", false).await;
    house.sql(
        "create table public.files (name text, at text);
         create function public.note() returns trigger language plpgsql as $$
         begin
           if new.name = 'cat.gif' and current_user = 'service_role' then raise exception 'no cats'; end if;
           insert into public.files values (new.name, storage.operation());
           return new;
         end $$;
         create trigger note after insert on storage.objects for each row execute function public.note();
         grant all on public.files to service_role",
    )
    .await;
    let admin = house.service();
    house
        .put(&admin, "b/cat.gif", "meow")
        .await
        .fails(400, "400", "DatabaseError", "no cats");
    assert_eq!(house.files().len(), 0);
    assert_eq!(house.put(&admin, "b/dog.gif", "wow").await.status, 200);
    assert_eq!(
        house
            .count("select count(*) from public.files where at = 'storage.object.upload'")
            .await,
        1
    );
}

#[tokio::test]
async fn faults_of_policies_are_told_apart() {
    // STO-ERR-36, STO-ERR-37, STO-ERR-16
    let house = House::new().await;
    house.bucket("b", false).await;
    let ada = house.user(ADA);
    house.sql("create table public.gone (id int); create function public.broken() returns boolean language plpgsql as $$ begin return exists (select from public.gone); end $$; create policy s on storage.objects for select to authenticated using (public.broken())").await;
    house.sql("drop table public.gone").await;
    house.put(&house.service(), "b/a", "1").await;
    let reply = house.get(&ada, "/object/authenticated/b/a").await;
    assert_eq!(
        (reply.status.as_u16(), &reply.json()["code"]),
        (400, &json!("DatabaseSchemaMismatch"))
    );
    house.sql("drop policy s on storage.objects; create policy r on storage.objects for select to authenticated using (exists (select from storage.objects o))").await;
    let reply = house.get(&ada, "/object/authenticated/b/a").await;
    assert_eq!(
        reply.json()["code"],
        json!("DatabaseInvalidObjectDefinition")
    );
    house
        .sql(
            "drop policy r on storage.objects; revoke select on storage.objects from authenticated",
        )
        .await;
    house.get(&ada, "/object/authenticated/b/a").await.fails(
        400,
        "403",
        "AccessDenied",
        "permission denied for table objects",
    );
}
