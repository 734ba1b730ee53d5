-- Whether we are a superuser. columns: is_super
select rolsuper from pg_catalog.pg_roles where rolname = current_user
