-- What the runner must know. columns: version number, is superuser, is the owner role, known settings
select
  current_setting('server_version_num')::int,
  (select rolsuper from pg_catalog.pg_roles where rolname = current_user),
  current_user = 'postgres',
  (select array_agg(lower(name)) from pg_catalog.pg_settings)
