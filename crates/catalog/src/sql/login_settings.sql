-- Settings of the login role whose names have a dot (ours among them); those for this database last.
-- No parameters.
select split_part(s.setting, '=', 1), substr(s.setting, strpos(s.setting, '=') + 1)
from pg_db_role_setting d
cross join lateral unnest(d.setconfig) s (setting)
where d.setrole in (0, (select oid from pg_roles where rolname = current_user))
  and d.setdatabase in (0, (select oid from pg_database where datname = current_database()))
  and strpos(split_part(s.setting, '=', 1), '.') > 0
  and (d.setrole <> 0 or d.setdatabase <> 0)
order by (d.setrole <> 0), (d.setdatabase <> 0);
