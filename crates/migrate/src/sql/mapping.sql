-- Old ids and new ones. Only servers may read it.
create table if not exists public.user_id_mapping (
  old_user_id       {type}       not null,
  supabase_user_id  uuid         not null,
  email             text         not null,
  migrated_at       timestamptz  not null default now(),
  source_table      text         not null default 'public.users',
  run_id            uuid         not null,
  status            text         not null default 'planned',
  password_status   text         not null default 'unknown',
  primary key (old_user_id)
);
create unique index if not exists user_id_mapping_uuid_key
  on public.user_id_mapping (supabase_user_id) where status <> 'merged';
create index if not exists user_id_mapping_email_idx on public.user_id_mapping (lower(email));
alter table public.user_id_mapping enable row level security;
alter table public.user_id_mapping force row level security;
revoke all on public.user_id_mapping from public, anon, authenticated;
grant select, insert, update, delete on public.user_id_mapping to service_role;
-- Forced row security binds the owner too; one who cannot bypass it needs a way in.
do $$
begin
  if not (select rolsuper or rolbypassrls from pg_roles where rolname = current_user)
     and not exists (select 1 from pg_policy where polrelid = 'public.user_id_mapping'::regclass) then
    create policy user_id_mapping_engine_all on public.user_id_mapping
      for all to current_user using (true) with check (true);
  end if;
end
$$;
