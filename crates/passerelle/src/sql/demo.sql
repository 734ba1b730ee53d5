-- The demonstration's table: notes that belong to one person, under row security, told live.
create table if not exists public.passerelle_demo_notes (
  id bigint generated always as identity primary key,
  owner uuid not null default auth.uid() references auth.users (id) on delete cascade,
  body text not null
);
alter table public.passerelle_demo_notes enable row level security;
drop policy if exists "people keep their notes" on public.passerelle_demo_notes;
create policy "people keep their notes" on public.passerelle_demo_notes
  for all to authenticated
  using ((select auth.uid()) = owner) with check ((select auth.uid()) = owner);
do $$
begin
  if not exists (
    select from pg_catalog.pg_publication_tables
    where pubname = 'supabase_realtime' and tablename = 'passerelle_demo_notes'
  ) then
    alter publication supabase_realtime add table public.passerelle_demo_notes;
  end if;
end
$$;
insert into storage.buckets (id, name) values ('passerelle-demo', 'passerelle-demo') on conflict (id) do nothing;
drop policy if exists "people keep their demo files" on storage.objects;
create policy "people keep their demo files" on storage.objects
  for all to authenticated
  using (bucket_id = 'passerelle-demo' and (storage.foldername(name))[1] = (select auth.uid())::text)
  with check (bucket_id = 'passerelle-demo' and (storage.foldername(name))[1] = (select auth.uid())::text);
notify pgrst, 'reload schema';
