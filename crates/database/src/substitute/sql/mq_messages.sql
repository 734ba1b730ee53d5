-- DB-SUB-06: messages of the queues. `vt` is when a message can be read: reading it puts that off.
create or replace function pgmq._send(
  queue_name text, messages jsonb[], headers jsonb[], visible_at timestamptz
) returns setof bigint
  language plpgsql
  set search_path = pg_catalog
as $$
begin
  return query execute format(
    'insert into pgmq.%I (vt, message, headers)
    select $3, message, header from unnest($1, $2) with ordinality as sent (message, header, at)
    where at <= cardinality($1)
    order by at
    returning msg_id', pgmq.format_table_name(queue_name, 'q')
  ) using messages, coalesce(headers, '{}'), visible_at;
end
$$;

create or replace function pgmq.send(queue_name text, msg jsonb) returns setof bigint
  language sql
as $$
  select * from pgmq._send(queue_name, array[msg], null, clock_timestamp())
$$;

create or replace function pgmq.send(queue_name text, msg jsonb, delay integer) returns setof bigint
  language sql
as $$
  select * from pgmq._send(queue_name, array[msg], null, clock_timestamp() + make_interval(secs => delay))
$$;

create or replace function pgmq.send(queue_name text, msg jsonb, delay timestamptz) returns setof bigint
  language sql
as $$
  select * from pgmq._send(queue_name, array[msg], null, delay)
$$;

create or replace function pgmq.send(queue_name text, msg jsonb, headers jsonb) returns setof bigint
  language sql
as $$
  select * from pgmq._send(queue_name, array[msg], array[headers], clock_timestamp())
$$;

create or replace function pgmq.send(queue_name text, msg jsonb, headers jsonb, delay integer) returns setof bigint
  language sql
as $$
  select * from pgmq._send(queue_name, array[msg], array[headers], clock_timestamp() + make_interval(secs => delay))
$$;

create or replace function pgmq.send(queue_name text, msg jsonb, headers jsonb, delay timestamptz) returns setof bigint
  language sql
as $$
  select * from pgmq._send(queue_name, array[msg], array[headers], delay)
$$;

create or replace function pgmq.send_batch(queue_name text, msgs jsonb[]) returns setof bigint
  language sql
as $$
  select * from pgmq._send(queue_name, msgs, null, clock_timestamp())
$$;

create or replace function pgmq.send_batch(queue_name text, msgs jsonb[], delay integer) returns setof bigint
  language sql
as $$
  select * from pgmq._send(queue_name, msgs, null, clock_timestamp() + make_interval(secs => delay))
$$;

create or replace function pgmq.send_batch(queue_name text, msgs jsonb[], delay timestamptz) returns setof bigint
  language sql
as $$
  select * from pgmq._send(queue_name, msgs, null, delay)
$$;

create or replace function pgmq.send_batch(queue_name text, msgs jsonb[], headers jsonb[]) returns setof bigint
  language sql
as $$
  select * from pgmq._send(queue_name, msgs, headers, clock_timestamp())
$$;

create or replace function pgmq.send_batch(queue_name text, msgs jsonb[], headers jsonb[], delay integer) returns setof bigint
  language sql
as $$
  select * from pgmq._send(queue_name, msgs, headers, clock_timestamp() + make_interval(secs => delay))
$$;

create or replace function pgmq.send_batch(queue_name text, msgs jsonb[], headers jsonb[], delay timestamptz) returns setof bigint
  language sql
as $$
  select * from pgmq._send(queue_name, msgs, headers, delay)
$$;

create or replace function pgmq.read(queue_name text, vt integer, qty integer, conditional jsonb default '{}')
  returns setof pgmq.message_record
  language plpgsql
  set search_path = pg_catalog
as $$
declare
  queue text := pgmq.format_table_name(queue_name, 'q');
begin
  return query execute format(
    'with due as (
      select msg_id from pgmq.%1$I
      where vt <= clock_timestamp() and ($3 = ''{}'' or message @> $3)
      order by msg_id
      limit $2
      for update skip locked
    )
    update pgmq.%1$I m
    set vt = clock_timestamp() + make_interval(secs => $1), read_ct = m.read_ct + 1
    from due
    where m.msg_id = due.msg_id
    returning m.msg_id, m.read_ct, m.enqueued_at, m.vt, m.message, m.headers', queue
  ) using vt, qty, coalesce(conditional, '{}');
end
$$;

create or replace function pgmq.read_with_poll(
  queue_name text,
  vt integer,
  qty integer,
  max_poll_seconds integer default 5,
  poll_interval_ms integer default 100,
  conditional jsonb default '{}'
) returns setof pgmq.message_record
  language plpgsql
  set search_path = pg_catalog
as $$
declare
  give_up timestamptz := clock_timestamp() + make_interval(secs => max_poll_seconds);
begin
  loop
    return query select * from pgmq.read(queue_name, vt, qty, conditional);
    exit when found or clock_timestamp() >= give_up;
    perform pg_sleep(poll_interval_ms / 1000.0);
  end loop;
end
$$;

create or replace function pgmq.pop(queue_name text, qty integer default 1) returns setof pgmq.message_record
  language plpgsql
  set search_path = pg_catalog
as $$
declare
  queue text := pgmq.format_table_name(queue_name, 'q');
begin
  return query execute format(
    'with due as (
      select msg_id from pgmq.%1$I
      where vt <= clock_timestamp()
      order by msg_id
      limit $1
      for update skip locked
    )
    delete from pgmq.%1$I m
    using due
    where m.msg_id = due.msg_id
    returning m.msg_id, m.read_ct, m.enqueued_at, m.vt, m.message, m.headers', queue
  ) using qty;
end
$$;

create or replace function pgmq.delete(queue_name text, msg_ids bigint[]) returns setof bigint
  language plpgsql
  set search_path = pg_catalog
as $$
begin
  return query execute format(
    'delete from pgmq.%I where msg_id = any ($1) returning msg_id', pgmq.format_table_name(queue_name, 'q')
  ) using msg_ids;
end
$$;

create or replace function pgmq.delete(queue_name text, msg_id bigint) returns boolean
  language sql
as $$
  select exists (select from pgmq.delete(queue_name, array[msg_id]))
$$;

create or replace function pgmq.archive(queue_name text, msg_ids bigint[]) returns setof bigint
  language plpgsql
  set search_path = pg_catalog
as $$
begin
  return query execute format(
    'with gone as (
      delete from pgmq.%I where msg_id = any ($1) returning msg_id, vt, read_ct, enqueued_at, message, headers
    )
    insert into pgmq.%I (msg_id, vt, read_ct, enqueued_at, message, headers)
    select msg_id, vt, read_ct, enqueued_at, message, headers from gone
    returning msg_id', pgmq.format_table_name(queue_name, 'q'), pgmq.format_table_name(queue_name, 'a')
  ) using msg_ids;
end
$$;

create or replace function pgmq.archive(queue_name text, msg_id bigint) returns boolean
  language sql
as $$
  select exists (select from pgmq.archive(queue_name, array[msg_id]))
$$;

create or replace function pgmq.set_vt(queue_name text, msg_id bigint, vt integer)
  returns setof pgmq.message_record
  language plpgsql
  set search_path = pg_catalog
as $$
begin
  return query execute format(
    'update pgmq.%I m
    set vt = clock_timestamp() + make_interval(secs => $2)
    where m.msg_id = $1
    returning m.msg_id, m.read_ct, m.enqueued_at, m.vt, m.message, m.headers',
    pgmq.format_table_name(queue_name, 'q')
  ) using msg_id, vt;
end
$$;
