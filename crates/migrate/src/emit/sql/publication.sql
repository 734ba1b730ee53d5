do $$
begin
  if not exists (select 1 from pg_publication where pubname = 'supabase_realtime') then
    create publication supabase_realtime;
  end if;
end
$$;

-- Once a table without a key is published, every update and delete of it fails.
create or replace function pg_temp.publish(name text) returns void language plpgsql as $$
declare
  target regclass := name::regclass;
begin
  if not exists (select 1 from pg_index where indrelid = target and indisprimary)
     and (select relreplident from pg_class where oid = target) <> 'f' then
    raise exception '% has no primary key: once published, every update and delete of it would fail', name
      using hint = 'add a key, or choose replica_identity_full in the plan and emit again';
  end if;
  if not exists (select 1
                 from pg_publication p
                 left join pg_publication_rel r on r.prpubid = p.oid
                 where p.pubname = 'supabase_realtime' and (p.puballtables or r.prrelid = target)) then
    execute format('alter publication supabase_realtime add table %s', target);
  end if;
end
$$;

