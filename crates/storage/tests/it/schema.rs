//! Schema `storage`, as SQL sees it.

use crate::house::{House, migrate};

async fn text(house: &House, sql: &str) -> String {
    house.admin.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn tables_have_their_columns() {
    // STO-SQL-01, STO-SQL-02, STO-SQL-03, STO-SQL-04, STO-SQL-06
    let house = House::new().await;
    let columns = async |table: &str| {
        text(&house, &format!("select string_agg(column_name || ' ' || case when data_type = 'USER-DEFINED' then udt_name else data_type end, ', ' order by column_name collate \"C\") from information_schema.columns where table_schema = 'storage' and table_name = '{table}'")).await
    };
    assert_eq!(
        columns("buckets").await,
        "allowed_mime_types ARRAY, avif_autodetection boolean, created_at timestamp with time zone, file_size_limit bigint, id text, name text, owner uuid, owner_id text, public boolean, type buckettype, updated_at timestamp with time zone, versioning_status text"
    );
    assert_eq!(
        columns("objects").await,
        "archived_at timestamp with time zone, bucket_id text, created_at timestamp with time zone, id uuid, is_delete_marker boolean, is_versioned boolean, last_accessed_at timestamp with time zone, metadata jsonb, name text, owner uuid, owner_id text, path_tokens ARRAY, updated_at timestamp with time zone, user_metadata jsonb, version text"
    );
    assert_eq!(
        columns("s3_multipart_uploads").await,
        "bucket_id text, created_at timestamp with time zone, id text, in_progress_size bigint, key text, metadata jsonb, owner_id text, upload_signature text, user_metadata jsonb, version text"
    );
    assert!(
        columns("s3_multipart_uploads_parts")
            .await
            .contains("part_number integer, size bigint")
    );
    for table in [
        "buckets_analytics",
        "iceberg_namespaces",
        "iceberg_tables",
        "buckets_vectors",
        "vector_indexes",
    ] {
        assert!(columns(table).await.contains("created_at"), "{table}");
    }
    // Row security on every table, and all of it the service's own.
    let open = house.count("select count(*) from pg_class where relnamespace = 'storage'::regnamespace and relkind = 'r' and (not relrowsecurity or relowner <> 'supabase_storage_admin'::regrole)").await;
    assert_eq!(open, 0);
    // STO-SQL-10
    assert_eq!(
        text(
            &house,
            "select array_to_string(enum_range(null::storage.buckettype), ',')"
        )
        .await,
        "STANDARD,ANALYTICS,VECTOR"
    );
    // STO-SQL-11
    let indexes = text(&house, "select string_agg(indexname, ',' order by indexname) from pg_indexes where schemaname = 'storage' and tablename in ('objects', 'buckets')").await;
    assert_eq!(
        indexes,
        "bname,bucketid_objname,buckets_pkey,idx_objects_bucket_id_name,idx_objects_bucket_id_name_lower,name_prefix_search,objects_pkey"
    );
    // STO-SQL-05
    assert_eq!(
        house
            .count("select count(*) from storage.migrations where id between 0 and 63")
            .await,
        64
    );
}

#[tokio::test]
async fn functions_do_what_policies_expect() {
    // STO-SQL-15
    let house = House::new().await;
    house.bucket("b", false).await;
    let functions = "select storage.foldername('a/b/c.png')::text || storage.foldername('c.png')::text || storage.filename('a/b/c.png') || ' ' || storage.extension('a/b.x/c.png') || ' ' || storage.extension('noext')";
    assert_eq!(text(&house, functions).await, "{a,b}{}c.png png noext");
    assert_eq!(
        house
            .count("select count(*) from (select storage.operation() as o) x where o is null")
            .await,
        1
    );
    assert_eq!(
        text(
            &house,
            "select storage.get_common_prefix('a/b/c', 'a/', '/')"
        )
        .await,
        "a/b/"
    );
    let error = house
        .admin
        .execute(
            "select storage.can_insert_object('b', 'x', null, '{}')",
            &[],
        )
        .await
        .unwrap_err();
    assert_eq!(error.code().unwrap().code(), "PT200");
    house.put(&house.service(), "b/a", "12345").await;
    assert_eq!(
        house
            .count("select size from storage.get_size_by_bucket()")
            .await,
        5
    );
    // STO-SQL-16
    for role in ["anon", "authenticated", "service_role", "postgres"] {
        let missing = format!(
            "select count(*) from pg_proc where pronamespace = 'storage'::regnamespace and not has_function_privilege('{role}', oid, 'execute')"
        );
        assert_eq!(house.count(&missing).await, 0, "{role}");
        let all = format!(
            "select (has_schema_privilege('{role}', 'storage', 'usage') and has_table_privilege('{role}', 'storage.objects', 'insert,select,update,delete'))::text"
        );
        assert_eq!(text(&house, &all).await, "true", "{role}");
    }
    assert_eq!(
        text(
            &house,
            "select has_table_privilege('anon', 'storage.migrations', 'select')::text"
        )
        .await,
        "false"
    );
}

#[tokio::test]
async fn deletes_by_sql_are_refused() {
    // STO-SQL-13, STO-SQL-12
    let house = House::new().await;
    house.bucket("b", false).await;
    for table in ["objects", "buckets"] {
        let error = house
            .admin
            .execute(&format!("delete from storage.{table}"), &[])
            .await
            .unwrap_err();
        let error = error.as_db_error().unwrap();
        assert_eq!(error.code().code(), "42501");
        assert_eq!(
            error.message(),
            "Direct deletion from storage tables is not allowed. Use the Storage API instead."
        );
        assert_eq!(
            error.hint(),
            Some("This prevents accidental data loss from orphaned objects.")
        );
    }
    let long = "n".repeat(101);
    let error = house
        .admin
        .execute(
            &format!("insert into storage.buckets (id, name) values ('x', '{long}')"),
            &[],
        )
        .await
        .unwrap_err();
    assert_eq!(
        error.as_db_error().unwrap().message(),
        format!("bucket name \"{long}\" is too long (101 characters). Max is 100.")
    );
}

#[tokio::test]
async fn a_restored_schema_of_2025_is_brought_up_to_date() {
    // STO-SQL-14, STO-SQL-05
    let house = House::new().await;
    house.bucket("b", false).await;
    house.put(&house.service(), "b/a/b", "x").await;
    house.sql(
        "alter table storage.objects add column level integer, drop column archived_at;
         create table storage.prefixes (bucket_id text, name text);
         create function storage.objects_insert_prefix_trigger() returns trigger language plpgsql as $$
         begin raise exception 'old'; end $$;
         create trigger objects_insert_create_prefix before insert on storage.objects
           for each row execute function storage.objects_insert_prefix_trigger();
         delete from storage.migrations where id > 40",
    )
    .await;
    migrate(&house.admin, &storage::SCHEMA).await;
    assert_eq!(
        house.count("select count(*) from storage.migrations").await,
        64
    );
    assert_eq!(
        house
            .count("select count(*) from pg_class where oid = to_regclass('storage.prefixes')")
            .await,
        0
    );
    assert_eq!(house.put(&house.service(), "b/c", "x").await.status, 200);
}
