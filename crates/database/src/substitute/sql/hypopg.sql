-- DB-SUB-10: hypothetical indexes: there are none, and none can be made.
create schema if not exists @schema@;
create or replace function @schema@.hypopg_create_index(sql_order text)
  returns table (indexrelid oid, indexname text)
  language plpgsql
as $$
begin
  raise exception 'hypopg is not available on this server' using errcode = 'feature_not_supported';
end
$$;
create or replace function @schema@.hypopg_drop_index(indexid oid) returns boolean
  language sql
as $$ select false $$;
create or replace function @schema@.hypopg_reset() returns void
  language sql
as $$ select $$;
create or replace function @schema@.hypopg_relation_size(indexid oid) returns bigint
  language sql
as $$ select 0::bigint $$;
create or replace view @schema@.hypopg_list_indexes as
  select null::oid as indexrelid, null::text as index_name, null::name as schema_name, null::name as table_name, null::name as am_name
  where false;
