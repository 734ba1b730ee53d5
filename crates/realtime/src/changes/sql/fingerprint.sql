-- What bears on who sees what, and is not in the stream: role attributes and memberships, row security of other
-- tables, the functions that read claims; and which tables are published.
-- $1 the publication. Columns: rights, published, exists.
select
  pg_catalog.md5(
    coalesce((
      select pg_catalog.string_agg(r::text, ' ' order by r.oid)
      from (select oid, rolname, rolsuper, rolbypassrls, rolinherit from pg_catalog.pg_roles) as r
    ), '')
    || coalesce((
      select pg_catalog.string_agg(roleid::text || '>' || member::text, ' ' order by roleid, member)
      from pg_catalog.pg_auth_members
    ), '')
    || coalesce((
      select pg_catalog.string_agg(oid::text, ' ' order by oid)
      from pg_catalog.pg_class
      where relrowsecurity
    ), '')
    || coalesce((
      select pg_catalog.string_agg(f.oid::text || f.prosrc, ' ' order by f.oid)
      from pg_catalog.pg_proc f
      join pg_catalog.pg_namespace n on n.oid = f.pronamespace
      where n.nspname = 'auth' and f.proname in ('uid', 'jwt', 'role')
    ), '')
  ) as rights,
  pg_catalog.md5(coalesce((
    select pg_catalog.string_agg(c.oid::text || ' ' || t.schemaname || '.' || t.tablename, ',' order by c.oid)
    from pg_catalog.pg_publication_tables t
    join pg_catalog.pg_namespace n on n.nspname = t.schemaname
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = t.tablename
    where t.pubname = $1
  ), '')) as published,
  exists (select from pg_catalog.pg_publication where pubname = $1) as exists
