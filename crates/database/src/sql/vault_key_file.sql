-- Where the vault's key has to be written. columns: absolute path; null where it is there or we may not write
select case
  when not (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then null
  when (pg_catalog.pg_stat_file('passerelle_vault.key', true)).size > 0 then null
  else current_setting('data_directory') || '/passerelle_vault.key'
end
