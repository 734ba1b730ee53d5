-- Durable work: one row a job. Instants are the queue's clock's, never the server's.
create table passerelle.jobs (
  id uuid primary key default gen_random_uuid(),
  kind text not null,
  payload jsonb not null default '{}',
  state text not null default 'waiting' check (state in ('waiting', 'running', 'done', 'dead')),
  unique_key text,
  run_at timestamptz not null,
  attempts integer not null default 0,
  max_attempts integer not null default 20 check (max_attempts > 0),
  leased_until timestamptz,
  leased_by uuid,
  last_error text,
  created_at timestamptz not null,
  finished_at timestamptz
);

comment on table passerelle.jobs is 'Durable background work; see view passerelle.dead_jobs for what was given up.';

create unique index jobs_one_of_a_key on passerelle.jobs (kind, unique_key)
  where state in ('waiting', 'running');
create index jobs_due on passerelle.jobs (run_at) where state = 'waiting';
create index jobs_leases on passerelle.jobs (leased_until) where state = 'running';
create index jobs_finished on passerelle.jobs (finished_at) where state = 'done';

-- Services enqueue inside their own transactions, without any right on the table itself. A key that already
-- waits or runs gives that job's id back.
create function passerelle.enqueue_job(
  kind text,
  payload jsonb,
  run_at timestamptz,
  max_attempts integer,
  unique_key text,
  created_at timestamptz
) returns uuid
  language plpgsql
  security definer
  set search_path = ''
as $$
#variable_conflict use_column
declare
  made uuid;
begin
  -- Again when the job that was in the way came to its end in between.
  loop
    insert into passerelle.jobs (kind, payload, run_at, max_attempts, unique_key, created_at)
    values ($1, $2, $3, $4, $5, $6)
    on conflict (kind, unique_key) where state in ('waiting', 'running') do nothing
    returning id into made;
    exit when made is not null;
    select id into made
    from passerelle.jobs j
    where j.kind = $1 and j.unique_key = $5 and j.state in ('waiting', 'running');
    exit when made is not null;
  end loop;
  perform pg_catalog.pg_notify('passerelle_jobs', $1);
  return made;
end
$$;

revoke execute on function passerelle.enqueue_job(text, jsonb, timestamptz, integer, text, timestamptz) from public;
grant usage on schema passerelle to supabase_auth_admin, supabase_storage_admin;
grant execute on function passerelle.enqueue_job(text, jsonb, timestamptz, integer, text, timestamptz)
  to supabase_auth_admin, supabase_storage_admin;

-- What was given up, newest first.
create view passerelle.dead_jobs as
  select id, kind, payload, attempts, last_error, created_at, finished_at
  from passerelle.jobs
  where state = 'dead'
  order by finished_at desc;

-- Gives a dead job its attempts back; false when there is no such dead job, or another of its key has taken its
-- place.
create function passerelle.retry_job(job uuid) returns boolean
  language plpgsql
  set search_path = ''
as $$
begin
  update passerelle.jobs
  set state = 'waiting', attempts = 0, run_at = created_at, finished_at = null
  where id = job and state = 'dead';
  if not found then
    return false;
  end if;
  perform pg_catalog.pg_notify('passerelle_jobs', '');
  return true;
exception
  when unique_violation then
    return false;
end
$$;

revoke execute on function passerelle.retry_job(uuid) from public;
