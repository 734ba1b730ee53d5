-- DB-SUB-06: queues in tables, in the place of extension pgmq: queues themselves. A queue's tables belong to the
-- role that makes it; the functions run as their caller.
create schema if not exists pgmq;

create table if not exists pgmq.meta (
  queue_name varchar primary key,
  is_partitioned boolean not null,
  is_unlogged boolean not null,
  created_at timestamptz not null default now()
);

do $$
begin
  if to_regtype('pgmq.message_record') is null then
    create type pgmq.message_record as (
      msg_id bigint, read_ct int, enqueued_at timestamptz, vt timestamptz, message jsonb, headers jsonb
    );
    create type pgmq.queue_record as (
      queue_name varchar, is_partitioned boolean, is_unlogged boolean, created_at timestamptz
    );
    create type pgmq.metrics_result as (
      queue_name text, queue_length bigint, newest_msg_age_sec int, oldest_msg_age_sec int,
      total_messages bigint, scrape_time timestamptz, queue_visible_length bigint
    );
  end if;
end
$$;

-- The name of a queue's table: `q` for what waits, `a` for what was archived.
create or replace function pgmq.format_table_name(queue_name text, prefix text) returns text
  language plpgsql
  immutable
  set search_path = pg_catalog
as $$
begin
  if queue_name ~ '\$|;|--|''' then
    raise exception 'queue name contains invalid characters: $, ;, --, or ''';
  end if;
  return lower(prefix || '_' || queue_name);
end
$$;

create or replace function pgmq.validate_queue_name(queue_name text) returns void
  language plpgsql
  set search_path = pg_catalog
as $$
begin
  if length(queue_name) > 47 then
    raise exception 'queue name is too long, maximum length is 47 characters';
  end if;
end
$$;

create or replace function pgmq._create(queue_name text, is_unlogged boolean) returns void
  language plpgsql
  set search_path = pg_catalog
as $$
declare
  queue text := pgmq.format_table_name(queue_name, 'q');
  archive text := pgmq.format_table_name(queue_name, 'a');
begin
  perform pgmq.validate_queue_name(queue_name);
  perform pg_advisory_xact_lock(hashtext('pgmq.queue_' || queue_name));
  if exists (select from pgmq.meta m where m.queue_name = _create.queue_name) then
    return;
  end if;
  execute format(
    'create %s table if not exists pgmq.%I (
      msg_id bigint primary key generated always as identity,
      read_ct int not null default 0,
      enqueued_at timestamptz not null default now(),
      vt timestamptz not null,
      message jsonb,
      headers jsonb
    )', case when is_unlogged then 'unlogged' else '' end, queue
  );
  execute format(
    'create table if not exists pgmq.%I (
      msg_id bigint primary key,
      read_ct int not null default 0,
      enqueued_at timestamptz not null default now(),
      archived_at timestamptz not null default now(),
      vt timestamptz not null,
      message jsonb,
      headers jsonb
    )', archive
  );
  execute format('create index if not exists %I on pgmq.%I (vt asc)', queue || '_vt_idx', queue);
  execute format('create index if not exists %I on pgmq.%I (archived_at)', 'archived_at_idx_' || queue_name, archive);
  insert into pgmq.meta (queue_name, is_partitioned, is_unlogged)
  values (queue_name, false, is_unlogged)
  on conflict do nothing;
end
$$;

create or replace function pgmq.create(queue_name text) returns void
  language sql
as $$
  select pgmq._create(queue_name, false)
$$;

create or replace function pgmq.create_non_partitioned(queue_name text) returns void
  language sql
as $$
  select pgmq._create(queue_name, false)
$$;

create or replace function pgmq.create_unlogged(queue_name text) returns void
  language sql
as $$
  select pgmq._create(queue_name, true)
$$;

create or replace function pgmq.drop_queue(queue_name text) returns boolean
  language plpgsql
  set search_path = pg_catalog
as $$
begin
  perform pg_advisory_xact_lock(hashtext('pgmq.queue_' || queue_name));
  execute format('drop table if exists pgmq.%I', pgmq.format_table_name(queue_name, 'q'));
  execute format('drop table if exists pgmq.%I', pgmq.format_table_name(queue_name, 'a'));
  delete from pgmq.meta m where m.queue_name = drop_queue.queue_name;
  return found;
end
$$;

create or replace function pgmq.purge_queue(queue_name text) returns bigint
  language plpgsql
  set search_path = pg_catalog
as $$
declare
  purged bigint;
begin
  execute format('delete from pgmq.%I', pgmq.format_table_name(queue_name, 'q'));
  get diagnostics purged = row_count;
  return purged;
end
$$;

create or replace function pgmq.detach_archive(queue_name text) returns void
  language sql
as $$
  -- The archive belongs to no extension here: there is nothing to detach it from.
  select
$$;

create or replace function pgmq.list_queues() returns setof pgmq.queue_record
  language sql
  stable
as $$
  select queue_name, is_partitioned, is_unlogged, created_at from pgmq.meta
$$;

create or replace function pgmq.metrics(queue_name text) returns pgmq.metrics_result
  language plpgsql
  set search_path = pg_catalog
as $$
declare
  result pgmq.metrics_result;
  queue text := pgmq.format_table_name(queue_name, 'q');
begin
  execute format(
    'select
      %L::text, count(*),
      extract(epoch from now() - max(enqueued_at))::int, extract(epoch from now() - min(enqueued_at))::int,
      (select case when is_called then last_value else 0 end from pgmq.%I),
      now(), count(*) filter (where vt <= now())
    from pgmq.%I', queue_name, queue || '_msg_id_seq', queue
  ) into result;
  return result;
end
$$;

create or replace function pgmq.metrics_all() returns setof pgmq.metrics_result
  language sql
as $$
  select (pgmq.metrics(queue_name)).* from pgmq.meta
$$;

grant usage, create on schema pgmq to postgres with grant option;
grant usage on schema pgmq to service_role;
grant all on pgmq.meta to postgres with grant option;
grant select on pgmq.meta to service_role;
