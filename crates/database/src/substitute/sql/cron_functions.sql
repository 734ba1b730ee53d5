-- DB-SUB-04: the functions. Those that people call run as the caller and say who that is; the inner ones believe
-- them only as far as the session might become that role, and only the owner role and roles it trusts get here.
create or replace function cron._may_act_for(username text) returns boolean
  language sql
  stable
  set search_path = pg_catalog
as $$
  select exists (select from pg_roles where rolname = username)
    and pg_has_role(session_user, username, 'member')
$$;

create or replace function cron._put(
  job_name text, schedule text, command text, database text, username text, active boolean
) returns bigint
  language plpgsql
  security definer
  set search_path = cron, pg_catalog
as $$
declare
  id bigint;
begin
  if not cron._is_schedule(schedule) then
    raise exception 'invalid schedule: %', schedule using
      errcode = 'invalid_parameter_value',
      hint = 'Use cron format (e.g. 5 4 * * *), or interval format ''[1-59] seconds''';
  end if;
  if not cron._may_act_for(username) then
    raise exception 'permission denied to schedule a job for role %', username using errcode = 'insufficient_privilege';
  end if;
  insert into cron.job as j (jobname, schedule, command, database, username, active)
  values (job_name, schedule, command, database, username, active)
  on conflict on constraint jobname_username_uniq do update
    set schedule = excluded.schedule, command = excluded.command, database = excluded.database, active = excluded.active
  returning j.jobid into id;
  perform pg_notify('passerelle_cron', '');
  return id;
end
$$;

create or replace function cron.schedule(schedule text, command text) returns bigint
  language sql
as $$
  select cron._put(null, schedule, command, current_database(), current_user::text, true)
$$;

create or replace function cron.schedule(job_name text, schedule text, command text) returns bigint
  language sql
as $$
  select cron._put(job_name, schedule, command, current_database(), current_user::text, true)
$$;

create or replace function cron.schedule_in_database(
  job_name text, schedule text, command text, database text, username text default null, active boolean default true
) returns bigint
  language sql
as $$
  select cron._put(job_name, schedule, command, database, coalesce(username, current_user::text), active)
$$;

create or replace function cron._alter(
  job_id bigint, new_schedule text, new_command text, new_database text, new_username text, new_active boolean,
  caller text
) returns void
  language plpgsql
  security definer
  set search_path = cron, pg_catalog
as $$
begin
  if new_schedule is not null and not cron._is_schedule(new_schedule) then
    raise exception 'invalid schedule: %', new_schedule using
      errcode = 'invalid_parameter_value',
      hint = 'Use cron format (e.g. 5 4 * * *), or interval format ''[1-59] seconds''';
  end if;
  if not cron._may_act_for(caller) or (new_username is not null and not cron._may_act_for(new_username)) then
    raise exception 'permission denied to alter job %', job_id using errcode = 'insufficient_privilege';
  end if;
  update cron.job j
  set
    schedule = coalesce(new_schedule, j.schedule),
    command = coalesce(new_command, j.command),
    database = coalesce(new_database, j.database),
    username = coalesce(new_username, j.username),
    active = coalesce(new_active, j.active)
  where j.jobid = job_id and j.username = caller;
  if not found then
    raise exception 'Job % does not exist or you don''t own it', job_id using errcode = 'invalid_parameter_value';
  end if;
  perform pg_notify('passerelle_cron', '');
end
$$;

create or replace function cron.alter_job(
  job_id bigint,
  schedule text default null,
  command text default null,
  database text default null,
  username text default null,
  active boolean default null
) returns void
  language sql
as $$
  select cron._alter(job_id, schedule, command, database, username, active, current_user::text)
$$;

create or replace function cron._remove(job_id bigint, job_name text, caller text) returns boolean
  language plpgsql
  security definer
  set search_path = cron, pg_catalog
as $$
begin
  if cron._may_act_for(caller) then
    delete from cron.job j
    where j.username = caller
      and case when job_name is null then j.jobid = job_id else j.jobname = job_name end;
    if found then
      perform pg_notify('passerelle_cron', '');
      return true;
    end if;
  end if;
  if job_name is null then
    raise exception 'could not find valid entry for job %', job_id using errcode = 'internal_error';
  end if;
  raise exception 'could not find valid entry for job ''%''', job_name using errcode = 'internal_error';
end
$$;

create or replace function cron.unschedule(job_id bigint) returns boolean
  language sql
as $$
  select cron._remove(job_id, null, current_user::text)
$$;

create or replace function cron.unschedule(job_name text) returns boolean
  language sql
as $$
  select cron._remove(null, job_name, current_user::text)
$$;

-- DB-GRT-11.
revoke all on all functions in schema cron from public;
grant usage on schema cron to postgres with grant option;
grant execute on all functions in schema cron to postgres with grant option;
grant select on cron.job to postgres with grant option;
grant all on cron.job_run_details to postgres with grant option;
