-- Gives a job's session the settings of its user, those for this database last, as a login of that user would.
do $$
declare
  setting text;
begin
  for setting in
    select pair
    from pg_catalog.pg_db_role_setting s, unnest(s.setconfig) pair
    where s.setrole = (select oid from pg_catalog.pg_roles where rolname = current_user)
      and s.setdatabase in (0, (select oid from pg_catalog.pg_database where datname = current_database()))
      and split_part(pair, '=', 1) not in ('role', 'session_authorization')
    order by s.setdatabase
  loop
    begin
      perform set_config(split_part(setting, '=', 1), substr(setting, strpos(setting, '=') + 1), false);
    exception
      when others then
        null;
    end;
  end loop;
end
$$
