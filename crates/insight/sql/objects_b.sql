-- Variant B: what was added over the years beside the tables.
create view public.v_user_activity as
select
  u.id as user_id,
  u.email,
  u.full_name,
  (select count(*) from public.user_conversations as c where c.user_id = u.id) as conversations,
  (select count(*) from public.activity_logs as l where l.user_id = u.id::text) as actions,
  (select max(c.created_at) from public.user_conversations as c where c.user_id = u.id) as last_conversation
from public.users as u;

create materialized view public.mv_usage_by_user as
select user_id, count(*) as conversations, sum(length(response)) as characters
from public.user_conversations
group by user_id;

create unique index mv_usage_by_user_user_id_idx on public.mv_usage_by_user (user_id);

create function public.user_quota_left(p_user_id integer) returns bigint
language sql stable as $$
  select max_bytes - total_used_bytes from public.user_storage_quotas where user_id = p_user_id
$$;

create function public.touch_updated_at() returns trigger
language plpgsql as $$
begin
  new.updated_at := now() at time zone 'utc';
  return new;
end
$$;

create trigger touch_updated_at before update on public.watch_configs
for each row execute function public.touch_updated_at();

create trigger touch_updated_at before update on public.user_contexts
for each row execute function public.touch_updated_at();

create function public.keep_storage_quota() returns trigger
language plpgsql as $$
begin
  if tg_op in ('UPDATE', 'DELETE') then
    update public.user_storage_quotas
    set total_used_bytes = total_used_bytes - coalesce(old.content_size, 0),
        last_updated = now() at time zone 'utc'
    where user_id = old.user_id;
  end if;
  if tg_op in ('INSERT', 'UPDATE') then
    insert into public.user_storage_quotas as quota (user_id, total_used_bytes, last_updated)
    values (new.user_id, coalesce(new.content_size, 0), now() at time zone 'utc')
    on conflict (user_id) do update
    set total_used_bytes = quota.total_used_bytes + excluded.total_used_bytes,
        last_updated = excluded.last_updated;
  end if;
  return null;
end
$$;

create trigger keep_storage_quota after insert or update or delete on public.user_contexts
for each row execute function public.keep_storage_quota();

grant usage on schema public to insight_ro;
grant select (id, email, full_name, role, is_active, created_at, last_login) on public.users to insight_ro;
grant select on
  public.user_conversations, public.user_documents, public.reports, public.v_user_activity, public.mv_usage_by_user
to insight_ro;
