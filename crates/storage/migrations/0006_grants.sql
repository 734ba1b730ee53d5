-- Who may use what; row security decides about rows.
grant usage on schema storage to anon, authenticated, service_role;
grant all on storage.buckets, storage.objects to anon, authenticated, service_role;
grant all on storage.buckets_analytics to anon, authenticated, service_role;

revoke all on
  storage.s3_multipart_uploads, storage.s3_multipart_uploads_parts,
  storage.iceberg_namespaces, storage.iceberg_tables,
  storage.buckets_vectors, storage.vector_indexes
  from anon, authenticated;
grant select on
  storage.s3_multipart_uploads, storage.s3_multipart_uploads_parts,
  storage.iceberg_namespaces, storage.iceberg_tables,
  storage.buckets_vectors, storage.vector_indexes
  to anon, authenticated, service_role;
grant all on
  storage.s3_multipart_uploads, storage.s3_multipart_uploads_parts,
  storage.iceberg_namespaces, storage.iceberg_tables,
  storage.buckets_vectors, storage.vector_indexes
  to service_role;

grant execute on all functions in schema storage to anon, authenticated, service_role;

alter default privileges for role supabase_storage_admin in schema storage
  grant all on tables to anon, authenticated, service_role;
alter default privileges for role supabase_storage_admin in schema storage
  grant all on functions to anon, authenticated, service_role;
alter default privileges for role supabase_storage_admin in schema storage
  grant all on sequences to anon, authenticated, service_role;

do $$
begin
  if exists (select from pg_roles where rolname = 'postgres') then
    grant usage on schema storage to postgres with grant option;
    grant all on storage.buckets, storage.objects to postgres with grant option;
    grant all on all tables in schema storage to postgres;
    grant execute on all functions in schema storage to postgres;
    alter default privileges for role supabase_storage_admin in schema storage grant all on tables to postgres;
    alter default privileges for role supabase_storage_admin in schema storage grant all on functions to postgres;
    alter default privileges for role supabase_storage_admin in schema storage grant all on sequences to postgres;
  end if;
end
$$;

-- The ledger is nobody's business but the service's.
revoke all on storage.migrations from anon, authenticated, service_role, public;

do $$
begin
  if exists (select from pg_roles where rolname = 'postgres') then
    revoke all on storage.migrations from postgres;
  end if;
end
$$;
