-- What the service keeps by itself: the publication of realtime.messages, and its partitions of the days around now.
-- Each may fail without hindering the other; what failed is a warning.
do $$
declare
  day date;
  part text;
begin
  if to_regclass('realtime.messages') is null then
    return;
  end if;
  begin
    if not exists (
      select from pg_catalog.pg_publication where pubname = 'supabase_realtime_messages_publication'
    ) then
      create publication supabase_realtime_messages_publication for table realtime.messages;
    end if;
  exception
    when duplicate_object then null;
    when others then raise warning 'PublicationCreationFailed: %', sqlerrm;
  end;
  for offset_days in -1..3 loop
    day := (now() at time zone 'UTC')::date + offset_days;
    part := 'messages_' || to_char(day, 'YYYY_MM_DD');
    begin
      if to_regclass('realtime.' || part) is null then
        execute format(
          'create table if not exists realtime.%I partition of realtime.messages for values from (%L) to (%L)',
          part, day, day + 1
        );
        execute format('alter table realtime.%I owner to supabase_realtime_admin', part);
      end if;
    exception
      when others then raise warning 'PartitionCreationFailed: %', sqlerrm;
    end;
  end loop;
  for part in
    select c.relname
    from pg_catalog.pg_inherits i
    join pg_catalog.pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'realtime.messages'::regclass
      and c.relname ~ '^messages_\d{4}_\d{2}_\d{2}$'
      and to_date(right(c.relname, 10), 'YYYY_MM_DD') < (now() at time zone 'UTC')::date - 3
  loop
    begin
      execute format('drop table if exists realtime.%I', part);
    exception
      when others then raise warning 'PartitionRemovalFailed: %', sqlerrm;
    end;
  end loop;
end
$$
