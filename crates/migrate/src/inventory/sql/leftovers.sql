-- What stays behind: code, object, why. $1: schemas.
select 'MIG-X-EVENT-TRIGGER', format('event trigger %I', evtname),
       'An event trigger is not made on the target: it would watch the whole stack''s changes and only a superuser may have one. Make it by hand if it is still wanted.'
from pg_event_trigger e
where not exists (select 1 from pg_depend d where d.classid = 'pg_event_trigger'::regclass and d.objid = e.oid and d.deptype = 'e')
union all
select 'MIG-X-FOREIGN', format('foreign table %I.%I', n.nspname, c.relname),
       'A foreign table''s rows are elsewhere and its server''s passwords are not read: make server, user mapping and table by hand.'
from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'f' and n.nspname = any ($1)
union all
select 'MIG-X-FOREIGN', format('server %I', srvname),
       'A foreign server is not made: its user mappings hold passwords that are not read.'
from pg_foreign_server s
where not exists (select 1 from pg_depend d where d.classid = 'pg_foreign_server'::regclass and d.objid = s.oid and d.deptype = 'e')
union all
select 'MIG-X-PUBLICATION', format('publication %I%s', pubname, case when puballtables then ' for all tables' else '' end),
       case when puballtables
            then 'A publication of all tables is not made: on the target it would publish users and their mapping. The stack has its own, supabase_realtime.'
            else 'A publication is for readers of the old database: make it by hand when one follows the new one.' end
from pg_publication
union all
select 'MIG-X-SUBSCRIPTION', format('subscription %I', s.subname),
       'A subscription is not made: two databases would draw from one slot.'
from pg_subscription s join pg_database d on d.oid = s.subdbid where d.datname = current_database()
  and has_column_privilege('pg_subscription', 'subname', 'select')
union all
select 'MIG-X-LARGE-OBJECT', format('%s large objects', count(*)),
       'Large objects do not move; columns of type oid or lo keep their numbers, which mean nothing on the target. Put such files into storage.'
from pg_largeobject_metadata having count(*) > 0
union all
select 'MIG-X-DEFAULT-PRIVILEGES', format('default privileges of %I%s', pg_get_userbyid(a.defaclrole), coalesce(' in ' || quote_ident(n.nspname), '')),
       'Default privileges are not taken over: on the target, whatever is made later opens by its policies alone.'
from pg_default_acl a left join pg_namespace n on n.oid = a.defaclnamespace
where a.defaclnamespace = 0 or n.nspname = any ($1)
union all
select 'MIG-X-LABEL', format('%s security labels', count(*)), 'Security labels do not move: the target has no provider that reads them.'
from pg_seclabel having count(*) > 0
union all
select 'MIG-X-TABLESPACE', format('%I.%I', n.nspname, c.relname), format('Made in the target''s own tablespace instead of %I.', t.spcname)
from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_tablespace t on t.oid = c.reltablespace
where n.nspname = any ($1) and c.relkind in ('r', 'p', 'm', 'i')
union all
select 'MIG-X-TYPED', format('%I.%I', n.nspname, c.relname), format('Made as an ordinary table with the columns of %s.', format_type(c.reloftype, null))
from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = any ($1) and c.reloftype <> 0
union all
select 'MIG-X-AGGREGATE', format('aggregate %I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)),
       'An ordered-set or moving aggregate is not made: make it by hand.'
from pg_aggregate a join pg_proc p on p.oid = a.aggfnoid join pg_namespace n on n.oid = p.pronamespace
where n.nspname = any ($1) and (a.aggkind <> 'n' or a.aggmtransfn::oid <> 0)
  and not exists (select 1 from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
union all
select 'MIG-X-TEXT-SEARCH', format('text search %s %I.%I', x.kind, n.nspname, x.name), 'Made of functions in C: install what brings it on the target.'
from (select 'parser' as kind, prsname as name, prsnamespace as namespace from pg_ts_parser
      union all select 'template', tmplname, tmplnamespace from pg_ts_template) x
join pg_namespace n on n.oid = x.namespace
where n.nspname = any ($1)
order by 1, 2
