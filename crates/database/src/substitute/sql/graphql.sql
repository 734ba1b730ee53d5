-- DB-SUB-05: what SQL names of extension pg_graphql, saying that GraphQL is not enabled.
create schema if not exists graphql;

create or replace function graphql.resolve(
  query text,
  variables jsonb default '{}',
  "operationName" text default null,
  extensions jsonb default null
) returns jsonb
  language sql
as $$
  select jsonb_build_object(
    'data', null::jsonb,
    'errors', jsonb_build_array('pg_graphql extension is not enabled.')
  )
$$;

grant usage on schema graphql to postgres, anon, authenticated, service_role;
grant execute on function graphql.resolve(text, jsonb, text, jsonb) to postgres, anon, authenticated, service_role;
