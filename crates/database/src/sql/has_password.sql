-- Whether a role has a password; only a superuser may ask. $1 role; columns: has_password
select rolpassword is not null from pg_catalog.pg_authid where rolname = $1
