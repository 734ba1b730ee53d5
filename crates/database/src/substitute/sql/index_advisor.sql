-- DB-SUB-10: the advisor's function, which says that it has no advice.
create schema if not exists @schema@;
create or replace function @schema@.index_advisor(query text) returns table (
    startup_cost_before jsonb, startup_cost_after jsonb, total_cost_before jsonb, total_cost_after jsonb,
    index_statements text[], errors text[]
  )
  language sql
  stable
as $$
  select null::jsonb, null::jsonb, null::jsonb, null::jsonb, '{}'::text[],
    array['index_advisor is not available on this server']
$$;
