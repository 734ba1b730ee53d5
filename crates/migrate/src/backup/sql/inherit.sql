-- Statements that give database $2 what belongs to database $1: owner, limit, settings, privileges; one a row, in order.
with old as (select * from pg_database where datname = $1)
select s.statement
from (
  select 1 as place, format('alter database %I owner to %I', $2::text, pg_get_userbyid(datdba)) as statement from old
  union all
  select 2, format('alter database %I with connection limit %s', $2::text, datconnlimit) from old where datconnlimit >= 0
  union all
  select 3, case when r.setrole = 0
                 then format('alter database %I set %s = ', $2::text, split_part(e.setting, '=', 1))
                 else format('alter role %I in database %I set %s = ', pg_get_userbyid(r.setrole), $2::text, split_part(e.setting, '=', 1))
            end
            -- Lists of names are written as lists.
            || case when lower(split_part(e.setting, '=', 1)) in
                         ('search_path', 'datestyle', 'temp_tablespaces', 'session_preload_libraries', 'local_preload_libraries')
                    then nullif(substr(e.setting, strpos(e.setting, '=') + 1), '')
                    else quote_literal(substr(e.setting, strpos(e.setting, '=') + 1))
               end
  from old
  join pg_db_role_setting r on r.setdatabase = old.oid
  cross join unnest(r.setconfig) as e(setting)
  union all
  select 4, format('revoke all on database %I from public', $2::text) from old where datacl is not null
  union all
  select 5, format('grant %s on database %I to %s%s', a.privilege_type, $2::text,
                   case when a.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end,
                   case when a.is_grantable then ' with grant option' else '' end)
  from old
  cross join aclexplode(old.datacl) a
  where a.grantee <> old.datdba
) s
where s.statement is not null
order by s.place
