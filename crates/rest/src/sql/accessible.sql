-- Which relations and functions of a schema the current role has any right to, as one JSON text; around it what
-- every answer has: total, rows, body, response.headers, response.status.
-- $1 text: the schema.
select
  null::bigint,
  1::bigint,
  json_build_object(
    'relations', (
      select coalesce(json_agg(c.oid::int8), '[]')
      from pg_catalog.pg_class c
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname = $1
        and c.relkind in ('r', 'v', 'm', 'f', 'p')
        and not c.relispartition
        and (
          pg_has_role(c.relowner, 'usage')
          or has_table_privilege(c.oid, 'select, insert, update, delete, truncate, references, trigger')
          or has_any_column_privilege(c.oid, 'select, insert, update, references')
        )
    ),
    'functions', (
      select coalesce(json_agg(p.oid::int8), '[]')
      from pg_catalog.pg_proc p
      join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      where n.nspname = $1
        and has_function_privilege(p.oid, 'execute')
    )
  )::text,
  nullif(current_setting('response.headers', true), ''),
  nullif(current_setting('response.status', true), '')
