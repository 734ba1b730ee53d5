-- What differs from what SQL written for Supabase presumes. columns: code, object, severe, sentence, repair
with api (name) as (
  values ('anon'), ('authenticated'), ('service_role')
),
wanted_roles (name, attributes) as (
  values
    ('postgres', 'login createdb createrole replication bypassrls'), ('supabase_admin', 'login createdb createrole'),
    ('anon', 'nologin'), ('authenticated', 'nologin'), ('service_role', 'nologin bypassrls'),
    ('authenticator', 'login noinherit'), ('supabase_auth_admin', 'login noinherit'),
    ('supabase_storage_admin', 'login noinherit createrole'), ('supabase_realtime_admin', 'nologin noinherit'),
    ('supabase_functions_admin', 'login noinherit createrole'), ('dashboard_user', 'nologin createdb createrole'),
    ('supabase_replication_admin', 'login replication')
),
wanted_settings (role, name, value) as (
  values
    ('anon', 'statement_timeout', '''3s'''), ('authenticated', 'statement_timeout', '''8s'''),
    ('authenticator', 'statement_timeout', '''8s'''), ('authenticator', 'lock_timeout', '''8s'''),
    ('postgres', 'search_path', '"$user", public, extensions'),
    ('supabase_auth_admin', 'search_path', 'auth'), ('supabase_storage_admin', 'search_path', 'storage')
),
findings (code, object, severe, sentence, repair) as (
  select 'role_missing', w.name, true, format('role %s does not exist', w.name),
    format('create role %I %s', w.name, w.attributes)
  from wanted_roles w
  where not exists (select from pg_catalog.pg_roles where rolname = w.name)

  union all
  select 'role_too_mighty', r.rolname::text, true,
    format('role %s, which requests run as, is a superuser or passes row security', r.rolname),
    format('alter role %I nosuperuser nobypassrls', r.rolname)
  from pg_catalog.pg_roles r
  where r.rolname in ('anon', 'authenticated', 'authenticator') and (r.rolsuper or r.rolbypassrls)

  union all
  select 'service_role_under_row_security', 'service_role', false,
    'role service_role does not pass row security; each secured table has a policy for it instead',
    'alter role service_role bypassrls'
  from pg_catalog.pg_roles r
  where r.rolname = 'service_role' and not r.rolbypassrls

  union all
  -- DB-MGD-03.
  select 'replication_missing', r.rolname::text, false,
    'role supabase_replication_admin may not replicate: changes of tables cannot be heard',
    'alter role supabase_replication_admin replication'
  from pg_catalog.pg_roles r
  where r.rolname = 'supabase_replication_admin' and not r.rolreplication
    and not (
      to_regrole('rds_replication') is not null and pg_has_role(r.oid, to_regrole('rds_replication'), 'member')
    )
  union all
  select 'membership_missing', 'authenticator', true, format('authenticator cannot become %s', api.name),
    format('grant %I to authenticator', api.name)
  from api
  where exists (select from pg_catalog.pg_roles where rolname = api.name)
    and exists (select from pg_catalog.pg_roles where rolname = 'authenticator')
    and not pg_has_role('authenticator', api.name, 'member')

  union all
  select 'role_setting_missing', w.role, false, format('role %s has no %s', w.role, w.name),
    format('alter role %I set %s = %s', w.role, w.name, w.value)
  from wanted_settings w
  join pg_catalog.pg_roles r on r.rolname = w.role
  where not exists (
    select
    from pg_catalog.pg_db_role_setting s, unnest(s.setconfig) as entry
    where s.setrole = r.oid and split_part(entry, '=', 1) = w.name
  )

  union all
  select 'schema_missing', w.name, true, format('schema %s does not exist', w.name),
    format('create schema %I', w.name)
  from unnest(array['public', 'extensions', 'auth', 'storage', 'realtime', 'graphql_public', 'supabase_migrations']) as w (name)
  where to_regnamespace(w.name) is null

  union all
  select 'grant_missing', n.nspname::text, true, format('role %s may not use schema %s', api.name, n.nspname),
    format('grant usage on schema %I to %I', n.nspname, api.name)
  from api
  join pg_catalog.pg_roles r on r.rolname = api.name
  cross join pg_catalog.pg_namespace n
  where n.nspname in ('public', 'extensions', 'auth', 'storage', 'realtime', 'graphql_public')
    and not has_schema_privilege(r.oid, n.oid, 'usage')

  union all
  -- DB-GRT-14: lost with `drop schema public cascade`. Where new tables are hidden on purpose, their sequences are too.
  select 'default_privileges_missing', 'public', false,
    format('new tables that postgres makes in schema public are not reachable as %s', api.name),
    format('alter default privileges for role postgres in schema public grant all on tables to %I', api.name)
  from api
  join pg_catalog.pg_roles r on r.rolname = api.name
  where to_regnamespace('public') is not null
    and not exists (
      select
      from pg_catalog.pg_default_acl d, aclexplode(d.defaclacl) as acl
      where d.defaclrole = to_regrole('postgres') and d.defaclnamespace = to_regnamespace('public')
        and d.defaclobjtype = 'r' and acl.grantee = r.oid and acl.privilege_type = 'SELECT'
    )

  union all
  select 'function_missing', w.signature, true, format('function %s does not exist', w.signature), null
  from unnest(array['auth.uid()', 'auth.role()', 'auth.email()', 'auth.jwt()']) as w (signature)
  where to_regprocedure(w.signature) is null

  union all
  select 'event_trigger_missing', w.name, false,
    format('event trigger %s does not exist; changes of the schema are noticed later', w.name),
    format('create event trigger %I on %I execute function extensions.%I()', w.name, w.event, w.name)
  from (values ('pgrst_ddl_watch', 'ddl_command_end'), ('pgrst_drop_watch', 'sql_drop')) as w (name, event)
  where not exists (select from pg_catalog.pg_event_trigger where evtname = w.name)

  union all
  select 'publication_missing', 'supabase_realtime', true, 'publication supabase_realtime does not exist',
    'create publication supabase_realtime'
  where not exists (select from pg_catalog.pg_publication where pubname = 'supabase_realtime')

  union all
  select 'publication_of_another', 'supabase_realtime', true,
    'publication supabase_realtime does not belong to postgres, which therefore cannot add tables to it',
    'alter publication supabase_realtime owner to postgres'
  from pg_catalog.pg_publication
  where pubname = 'supabase_realtime' and not puballtables
    and not pg_has_role(to_regrole('postgres'), pubowner, 'usage')

  union all
  select 'extension_missing', w.name, true, format('extension %s is not there', w.name),
    format('create extension %I with schema extensions', w.name)
  from unnest(array['pgcrypto', 'uuid-ossp']) as w (name)
  where not exists (select from pg_catalog.pg_extension where extname = w.name)

  union all
  -- DB-ADO-02.
  select 'vault_sealed', 'vault.secrets', true,
    'secrets of the vault are encrypted by pgsodium, whose key is on the server they come from; export them there from vault.decrypted_secrets',
    null
  from pg_catalog.pg_extension
  where extname = 'pgsodium' and to_regclass('vault.secrets') is not null

  union all
  -- DB-DMP-14.
  select 'owner_is_supabase_admin', format('%I.%I', n.nspname, c.relname), false,
    format('%I.%I belongs to supabase_admin, so that postgres cannot alter it', n.nspname, c.relname),
    format(
      'alter %s %I.%I owner to postgres',
      case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' else 'table' end,
      n.nspname, c.relname
    )
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where n.nspname = 'public' and c.relkind in ('r', 'p', 'v', 'm', 'f')
    and c.relowner = to_regrole('supabase_admin')
    and not exists (select from pg_catalog.pg_depend d where d.objid = c.oid and d.deptype = 'e')

  union all
  -- DB-GRT-03, DB-ADO-04.
  select 'table_without_row_security', format('%I.%I', n.nspname, c.relname), false,
    format('everybody with the public key can read %I.%I: it has no row security', n.nspname, c.relname),
    format('alter table %I.%I enable row level security', n.nspname, c.relname)
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_roles r on r.rolname = 'anon'
  where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relrowsecurity
    and has_table_privilege(r.oid, c.oid, 'select')
    and not exists (select from pg_catalog.pg_depend d where d.objid = c.oid and d.deptype = 'e')

  union all
  -- Section 12.
  select 'server_setting', w.name, w.severe, format('%s is %s: %s', w.name, s.setting, w.why),
    format('alter system set %s = %s', w.name, w.value)
  from (values
    ('wal_level', 'logical', true, 'changes of tables cannot be heard', 'text'),
    ('max_replication_slots', '10', false, 'fewer than 5 leave no room for consumers', '5'),
    ('max_wal_senders', '10', false, 'fewer than 10 leave no room for consumers', '10'),
    ('password_encryption', '''scram-sha-256''', false, 'passwords are kept in a weak form', 'text'),
    ('row_security', 'on', true, 'secured tables answer with errors', 'text')
  ) as w (name, value, severe, why, least)
  join pg_catalog.pg_settings s on s.name = w.name
  where case when w.least = 'text' then s.setting <> btrim(w.value, '''') else s.setting::int < w.least::int end

  union all
  select 'server_setting', 'max_slot_wal_keep_size', false,
    'max_slot_wal_keep_size is unlimited: a consumer that never comes back fills the disk',
    'alter system set max_slot_wal_keep_size = ''4096MB'''
  where current_setting('max_slot_wal_keep_size') = '-1'
)
select code, object, severe, sentence, repair
from findings
order by not severe, code, object, sentence
