-- Everything that has a name outside the system's own schemas: one line each.
select line from (
  select format('relation %s.%s %s owner %s acl %s rls %s %s identity %s', n.nspname, c.relname, c.relkind,
                pg_get_userbyid(c.relowner), c.relacl, c.relrowsecurity, c.relforcerowsecurity, c.relreplident) as line
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'passerelle_migrate') and c.relkind <> 't'
  union all
  select format('schema %s owner %s acl %s', nspname, pg_get_userbyid(nspowner), nspacl) from pg_namespace
  where nspname !~ '^pg_(toast_)?temp' and nspname <> 'passerelle_migrate'
  union all
  select format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) from pg_constraint
  where connamespace::regnamespace::text not in ('pg_catalog', 'information_schema', 'passerelle_migrate')
  union all
  select format('function %s', oid::regprocedure) from pg_proc
  where pronamespace::regnamespace::text not in ('pg_catalog', 'information_schema', 'passerelle_migrate')
  union all
  select format('type %s', oid::regtype) from pg_type
  where typnamespace::regnamespace::text not in ('pg_catalog', 'information_schema', 'passerelle_migrate', 'pg_toast')
    and typnamespace::regnamespace::text !~ 'temp'
  union all
  select format('policy %s %s %s %s %s', tablename, policyname, cmd, qual, with_check) from pg_policies
  union all
  select format('trigger %s %s', tgrelid::regclass, tgname) from pg_trigger where not tgisinternal
  union all
  select format('extension %s', extname) from pg_extension
  union all
  select format('published %s %s.%s', pubname, schemaname, tablename) from pg_publication_tables
  union all
  select format('publication %s owner %s', pubname, pg_get_userbyid(pubowner)) from pg_publication
) all_of_it
order by line
