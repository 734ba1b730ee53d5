-- Where the vault's key has to be written; asked as a superuser. columns: absolute path; null where it is there
select case
  when (pg_catalog.pg_stat_file('passerelle_vault.key', true)).size > 0 then null
  else current_setting('data_directory') || '/passerelle_vault.key'
end
