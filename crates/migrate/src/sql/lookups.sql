-- MIG-MAP-06: for applications in transition; who is not known is null, never somebody else. Not for API roles.
create or replace function passerelle_migrate.uuid_for(old {type}) returns uuid
language sql stable security definer set search_path = '' as
$$ select supabase_user_id from public.user_id_mapping where old_user_id = old $$;
create or replace function passerelle_migrate.old_for(new uuid) returns {type}
language sql stable security definer set search_path = '' as
$$ select old_user_id from public.user_id_mapping where supabase_user_id = new and status <> 'merged' $$;
revoke all on function passerelle_migrate.uuid_for({type}), passerelle_migrate.old_for(uuid) from public, anon, authenticated;
