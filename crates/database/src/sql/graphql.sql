-- DB-SUB-05: the function that clients call exists whether or not GraphQL does.
do $$
begin
  if to_regprocedure('graphql_public.graphql(text, text, jsonb, jsonb)') is null then
    create function graphql_public.graphql(
      "operationName" text default null,
      query text default null,
      variables jsonb default null,
      extensions jsonb default null
    ) returns jsonb
      language sql
    as $f$
      select jsonb_build_object(
        'data', null::jsonb,
        'errors', jsonb_build_array('pg_graphql extension is not enabled.')
      )
    $f$;
    grant execute on function graphql_public.graphql(text, text, jsonb, jsonb)
      to postgres, anon, authenticated, service_role;
  end if;
end
$$;
