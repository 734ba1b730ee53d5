-- What the program prepares before the schemas of its services.
do $$
begin
  if to_regrole('supabase_auth_admin') is null then
    create role anon;
    create role authenticated;
    create role service_role bypassrls;
    create role authenticator login noinherit;
    create role supabase_auth_admin login noinherit;
    create role supabase_storage_admin login noinherit createrole;
    grant anon, authenticated, service_role to authenticator;
    grant authenticator to supabase_storage_admin;
  end if;
  if to_regrole('postgres') is null then
    create role postgres login createrole createdb;
  end if;
end
$$;

create schema auth authorization supabase_auth_admin;
grant usage on schema auth to anon, authenticated, service_role, postgres;

create schema passerelle authorization supabase_admin;

grant usage on schema public to anon, authenticated, service_role;
alter default privileges in schema public grant all on tables to anon, authenticated, service_role;
