-- A table of this name that another tool made is not ours to change.
do $$
begin
  if to_regclass('public.user_id_mapping') is not null
     and not exists (select 1 from pg_attribute
                     where attrelid = to_regclass('public.user_id_mapping') and attname = 'run_id' and not attisdropped) then
    raise exception 'public.user_id_mapping was made by another tool'
      using hint = 'rename it: alter table public.user_id_mapping rename to user_id_mapping_before';
  end if;
end
$$;
