-- Sequences where the application left them. $1: how far ahead of the highest id.
select setval(pg_get_serial_sequence('public.users', 'id'), (select max(id) from public.users) + $1::bigint),
       setval(pg_get_serial_sequence('public.invitations', 'id'), (select max(id) from public.invitations) + $1::bigint),
       setval(pg_get_serial_sequence('public.password_reset_tokens', 'id'), (select max(id) from public.password_reset_tokens) + $1::bigint),
       setval(pg_get_serial_sequence('public.activity_logs', 'id'), (select max(id) from public.activity_logs) + $1::bigint),
       setval(pg_get_serial_sequence('public.user_conversations', 'id'), (select max(id) from public.user_conversations) + $1::bigint),
       setval(pg_get_serial_sequence('public.messages', 'id'), (select max(id) from public.messages) + $1::bigint),
       setval(pg_get_serial_sequence('public.user_documents', 'id'), (select max(id) from public.user_documents) + $1::bigint),
       setval(pg_get_serial_sequence('public.documents', 'id'), (select max(id) from public.documents) + $1::bigint),
       setval(pg_get_serial_sequence('public.reports', 'id'), (select max(id) from public.reports) + $1::bigint),
       setval(pg_get_serial_sequence('public.watch_configs', 'id'), (select max(id) from public.watch_configs) + $1::bigint),
       setval(pg_get_serial_sequence('public.watch_history', 'id'), (select max(id) from public.watch_history) + $1::bigint),
       setval(pg_get_serial_sequence('public.user_contexts', 'id'), (select max(id) from public.user_contexts) + $1::bigint)
