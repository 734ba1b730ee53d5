-- DB-MGD-01: service_role cannot have BYPASSRLS here, so every table under row security gets a policy for it.
do $$
declare
  secured record;
begin
  if (select rolbypassrls from pg_catalog.pg_roles where rolname = 'service_role') then
    return;
  end if;
  for secured in
    select c.oid::regclass as name
    from pg_catalog.pg_class c
    where c.relkind in ('r', 'p') and c.relrowsecurity
      and pg_catalog.pg_has_role(current_user, c.relowner, 'usage')
      and not exists (
        select from pg_catalog.pg_policy p where p.polrelid = c.oid and p.polname = 'passerelle service_role'
      )
  loop
    execute format(
      'create policy "passerelle service_role" on %s to service_role using (true) with check (true)', secured.name
    );
  end loop;
end
$$;
