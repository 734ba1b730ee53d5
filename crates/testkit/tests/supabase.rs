//! Databases that are clones of one prepared database.

use database::{Migration, Schema};
use testkit::Postgres;

const NOTES: [Schema; 1] = [Schema {
    name: "auth",
    owner: "supabase_auth_admin",
    migrations: &[Migration {
        version: "1",
        name: "notes",
        sql: "create table auth.notes (id int)",
    }],
}];

#[tokio::test]
async fn every_clone_is_a_supabase_database_of_its_own() {
    let cluster = Postgres::shared();
    let (one, two) = tokio::join!(cluster.supabase(&NOTES), cluster.supabase(&NOTES));
    let owner = one
        .endpoint_as("supabase_auth_admin")
        .connect()
        .await
        .unwrap();
    owner
        .batch_execute("insert into auth.notes values (1)")
        .await
        .unwrap();
    for (database, expected) in [(&one, 1), (&two, 0)] {
        let client = database.connect().await;
        let row = client
            .query_one("select count(*) from auth.notes", &[])
            .await
            .unwrap();
        assert_eq!(row.get::<_, i64>(0), expected);
        client
            .batch_execute("set role anon; select auth.uid()")
            .await
            .unwrap();
    }
    let publication = "select count(*) from pg_publication where pubname = 'supabase_realtime'";
    let row = owner.query_one(publication, &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 1);
}
