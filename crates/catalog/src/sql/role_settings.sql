-- Settings of the roles that the login role may become, limited to what an ordinary user may set.
-- No parameters.
select r.rolname::text, split_part(s.setting, '=', 1), substr(s.setting, strpos(s.setting, '=') + 1)
from pg_db_role_setting d
join pg_roles r on r.oid = d.setrole
cross join lateral unnest(d.setconfig) s (setting)
join pg_settings p on p.name = split_part(s.setting, '=', 1)
where d.setdatabase = 0
  and p.context = 'user'
  and r.rolname <> current_user
  and pg_has_role(current_user, r.oid, 'member')
order by 1, 2;
