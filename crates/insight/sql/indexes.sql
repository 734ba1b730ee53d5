-- Indexes and keys of both variants; made after the rows, which is several times faster.
create index ix_users_email on public.users (email);
create index ix_password_reset_tokens_user_id on public.password_reset_tokens (user_id);
create index ix_activity_logs_created_at on public.activity_logs (created_at);
-- Twice the same: one by the ORM, one by hand.
create index ix_user_conversations_user_id on public.user_conversations (user_id);
create index idx_conversations_user on public.user_conversations (user_id);
create index ix_messages_conversation_id on public.messages (conversation_id);
create index ix_user_documents_user_id on public.user_documents (user_id);
create index ix_user_documents_types on public.user_documents (document_type, analysis_type);
create index ix_reports_user_id on public.reports (user_id);
create index ix_watch_configs_user_id on public.watch_configs (user_id);
create index ix_user_contexts_user_active on public.user_contexts (user_id, is_active);

alter table public.password_reset_tokens
  add constraint password_reset_tokens_user_id_fkey foreign key (user_id) references public.users (id);
alter table public.messages
  add constraint messages_conversation_id_fkey
  foreign key (conversation_id) references public.user_conversations (id) on delete cascade;
alter table public.watch_history
  add constraint watch_history_watch_id_fkey
  foreign key (watch_id) references public.watch_configs (id) on delete cascade;
