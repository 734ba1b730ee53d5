-- On a Supabase database people's tables are `postgres`'.
do $$
begin
  if exists (select 1 from pg_roles where rolname = 'postgres')
     and pg_has_role(current_user, 'postgres', 'member')
     and current_user <> 'postgres' then
    execute 'set role postgres';
  end if;
end
$$
