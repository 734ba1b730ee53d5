-- DB-EXT-01: what is there from the start, as far as the server has it; an extension that exists elsewhere stays.
do $$
declare
  wanted text;
begin
  foreach wanted in array array['uuid-ossp', 'pgcrypto', 'pg_stat_statements'] loop
    if not exists (select from pg_catalog.pg_extension where extname = wanted)
      and exists (select from pg_catalog.pg_available_extensions where name = wanted)
    then
      begin
        execute format('create extension %I with schema extensions', wanted);
      exception
        when insufficient_privilege then
          raise notice 'extension % could not be created: %', wanted, sqlerrm;
      end;
    end if;
  end loop;
end
$$;

-- DB-GRT-08: only their owner can give them; of a trusted extension that is the bootstrap superuser.
do $$
begin
  if not (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
    return;
  end if;
  grant all on all tables in schema extensions to postgres with grant option;
  grant all on all routines in schema extensions to postgres with grant option;
  grant all on all sequences in schema extensions to postgres with grant option;
end
$$;
