-- What is there of extensions that have substitutes, ours or not. columns: name, schema and sha256 of a substitute
-- that stands, whether the name is taken by the real extension or by somebody's schema
select
  coalesce(s.name, taken.name),
  s.schema,
  s.sha256,
  taken.name is not null and (s.name is null or taken.is_extension)
from passerelle.substitutes s
full join (
  select name, bool_or(is_extension) as is_extension
  from (
    select extname::text as name, true as is_extension from pg_catalog.pg_extension
    union all
    select owners.name, false
    from (values ('vault', 'supabase_vault'), ('net', 'pg_net')) as owners (schema, name)
    join pg_catalog.pg_namespace n on n.nspname = owners.schema
  ) present
  group by name
) taken on taken.name = s.name
