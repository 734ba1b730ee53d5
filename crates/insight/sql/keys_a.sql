-- Variant A: the keys as the application was designed.
alter table public.invitations
  add constraint invitations_created_by_fkey foreign key (created_by) references public.users (id),
  add constraint invitations_used_by_fkey foreign key (used_by) references public.users (id);
alter table public.activity_logs
  add constraint activity_logs_user_id_fkey foreign key (user_id) references public.users (id);
alter table public.user_conversations
  add constraint user_conversations_user_id_fkey
  foreign key (user_id) references public.users (id) on delete cascade;
alter table public.user_documents
  add constraint user_documents_user_id_fkey
  foreign key (user_id) references public.users (id) on delete cascade;
