-- DB-ADO-01: a database that upstream initialised. What its services made as `supabase_admin` goes to the role that
-- brings the schema up to date; what projects made there stays theirs.
do $$
declare
  house record;
  object record;
begin
  for house in
    select *
    from (values
      ('auth', 'supabase_auth_admin'), ('storage', 'supabase_storage_admin'), ('realtime', 'supabase_realtime_admin')
    ) as houses (schema, owner)
    where to_regnamespace(schema) is not null
  loop
    execute format('grant all on schema %I to %I', house.schema, house.owner);
    -- Only a superuser can take from one role what another is to own; elsewhere there is no such database.
    continue when not pg_has_role(current_user, 'supabase_admin', 'member')
      or not (select rolsuper from pg_catalog.pg_roles where rolname = current_user);
    for object in
      select
        case c.relkind
          when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence' when 'f' then 'foreign table'
          else 'table'
        end as kind,
        c.oid::regclass::text as name
      from pg_catalog.pg_class c
      where c.relnamespace = to_regnamespace(house.schema)
        and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
        and c.relowner = to_regrole('supabase_admin')
        and not exists (
          select
          from pg_catalog.pg_depend d
          where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i', 'e')
            and (d.deptype = 'e' or c.relkind = 'S')
        )
      union all
      select case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end, p.oid::regprocedure::text
      from pg_catalog.pg_proc p
      where p.pronamespace = to_regnamespace(house.schema) and p.proowner = to_regrole('supabase_admin')
        and not exists (
          select
          from pg_catalog.pg_depend d
          where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
        )
      union all
      select case t.typtype when 'd' then 'domain' else 'type' end, t.oid::regtype::text
      from pg_catalog.pg_type t
      left join pg_catalog.pg_class c on c.oid = t.typrelid
      where t.typnamespace = to_regnamespace(house.schema) and t.typowner = to_regrole('supabase_admin')
        and t.typtype in ('e', 'd', 'c', 'r') and coalesce(c.relkind, 'c') = 'c'
        and not exists (
          select
          from pg_catalog.pg_depend d
          where d.classid = 'pg_catalog.pg_type'::regclass and d.objid = t.oid and d.deptype in ('e', 'i')
        )
    loop
      execute format('alter %s %s owner to %I', object.kind, object.name, house.owner);
    end loop;
  end loop;
end
$$;
