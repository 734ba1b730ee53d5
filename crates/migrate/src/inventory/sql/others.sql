-- What else is made as it is, in order: stage, kind, name, schema and name of its table, statement, what takes it back.
-- $1: schemas. Stages: 1 before types, 2 before tables, 3 with indexes, 4 after views.
with own as (
  select n.oid, n.nspname from pg_namespace n where n.nspname = any ($1)
), of_extension as (
  select d.classid, d.objid from pg_depend d where d.deptype = 'e'
), dictionary as (
  select d.oid, format('%I.%I', n.nspname, d.dictname) as name, format('%I.%I', tn.nspname, t.tmplname) as template, d.dictinitoption
  from pg_ts_dict d join own n on n.oid = d.dictnamespace
  join pg_ts_template t on t.oid = d.dicttemplate join pg_namespace tn on tn.oid = t.tmplnamespace
), configuration as (
  select c.oid, format('%I.%I', n.nspname, c.cfgname) as name, c.cfgparser, format('%I.%I', pn.nspname, p.prsname) as parser
  from pg_ts_config c join own n on n.oid = c.cfgnamespace
  join pg_ts_parser p on p.oid = c.cfgparser join pg_namespace pn on pn.oid = p.prsnamespace
), found as (
  select 1 as stage, c.oid, 'pg_collation'::regclass as class, 'collation' as kind, format('%I.%I', n.nspname, c.collname) as name,
         null::text as tschema, null::text as tname,
         format('create collation %I.%I (provider = %s, %s%s)', n.nspname, c.collname,
           case c.collprovider when 'i' then 'icu' when 'b' then 'builtin' else 'libc' end,
           case when c.collprovider = 'c' then format('lc_collate = %L, lc_ctype = %L', j ->> 'collcollate', j ->> 'collctype')
                else format('locale = %L', coalesce(j ->> 'colllocale', j ->> 'colliculocale', j ->> 'collcollate')) end,
           case when j ->> 'collisdeterministic' = 'false' then ', deterministic = false' else '' end) as make,
         format('drop collation if exists %I.%I', n.nspname, c.collname) as inverse
  from pg_collation c join own n on n.oid = c.collnamespace cross join lateral (select to_jsonb(c)) x(j)
  union all
  select 2, oid, 'pg_ts_dict'::regclass, 'text search dictionary', name, null, null,
         format('create text search dictionary %s (template = %s%s)', name, template, ', ' || dictinitoption),
         format('drop text search dictionary if exists %s', name)
  from dictionary
  union all
  select 2, c.oid, 'pg_ts_config'::regclass, 'text search configuration', c.name, null, null,
         format('create text search configuration %s (parser = %s)', c.name, c.parser)
         || coalesce((select string_agg(format('; alter text search configuration %s add mapping for %I with %s', c.name, m.alias, m.dictionaries), '' order by m.alias)
                      from (select t.alias, string_agg(format('%I.%I', dn.nspname, d.dictname), ', ' order by m.mapseqno) as dictionaries
                            from pg_ts_config_map m
                            join ts_token_type(c.cfgparser) t on t.tokid = m.maptokentype
                            join pg_ts_dict d on d.oid = m.mapdict join pg_namespace dn on dn.oid = d.dictnamespace
                            where m.mapcfg = c.oid group by t.alias) m), ''),
         format('drop text search configuration if exists %s', c.name)
  from configuration c
  union all
  select 2, c.oid, 'pg_cast'::regclass, 'cast', format('%s as %s', format_type(c.castsource, null), format_type(c.casttarget, null)), null, null,
         format('create cast (%s as %s) %s%s', format_type(c.castsource, null), format_type(c.casttarget, null),
           case c.castmethod when 'f' then format('with function %s', c.castfunc::regprocedure) when 'i' then 'with inout' else 'without function' end,
           case c.castcontext when 'a' then ' as assignment' when 'i' then ' as implicit' else '' end),
         format('drop cast if exists (%s as %s)', format_type(c.castsource, null), format_type(c.casttarget, null))
  from pg_cast c where c.oid >= 16384
    and not exists (select 1 from pg_depend d where d.classid = 'pg_cast'::regclass and d.objid = c.oid and d.deptype = 'i')
  union all
  select 2, p.oid, 'pg_proc'::regclass, 'aggregate', format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)), null, null,
         format('create aggregate %I.%I(%s) (sfunc = %s, stype = %s%s%s%s%s%s%s%s%s)', n.nspname, p.proname,
           case when p.pronargs = 0 then '*' else pg_get_function_arguments(p.oid) end, a.aggtransfn::oid::regproc, format_type(a.aggtranstype, null),
           ', finalfunc = ' || nullif(a.aggfinalfn::oid, 0)::regproc,
           case when a.aggfinalextra then ', finalfunc_extra' end,
           ', combinefunc = ' || nullif(a.aggcombinefn::oid, 0)::regproc,
           ', serialfunc = ' || nullif(a.aggserialfn::oid, 0)::regproc,
           ', deserialfunc = ' || nullif(a.aggdeserialfn::oid, 0)::regproc,
           ', initcond = ' || quote_literal(a.agginitval),
           (select format(', sortop = operator(%I.%s)', so.nspname, o.oprname) from pg_operator o join pg_namespace so on so.oid = o.oprnamespace where o.oid = a.aggsortop),
           ', parallel = ' || case p.proparallel when 's' then 'safe' when 'r' then 'restricted' else 'unsafe' end),
         format('drop aggregate if exists %I.%I(%s)', n.nspname, p.proname, case when p.pronargs = 0 then '*' else pg_get_function_identity_arguments(p.oid) end)
  from pg_aggregate a join pg_proc p on p.oid = a.aggfnoid join own n on n.oid = p.pronamespace
  where a.aggkind = 'n' and a.aggmtransfn::oid = 0
  union all
  select 2, o.oid, 'pg_operator'::regclass, 'operator',
         format('%I.%s(%s, %s)', n.nspname, o.oprname, coalesce(format_type(nullif(o.oprleft, 0), null), 'none'), format_type(o.oprright, null)), null, null,
         format('create operator %I.%s (function = %s%s, rightarg = %s%s%s%s%s%s%s)', n.nspname, o.oprname, o.oprcode::oid::regproc,
           ', leftarg = ' || format_type(nullif(o.oprleft, 0), null), format_type(o.oprright, null),
           (select format(', commutator = operator(%I.%s)', cn.nspname, c.oprname) from pg_operator c join pg_namespace cn on cn.oid = c.oprnamespace where c.oid = o.oprcom),
           (select format(', negator = operator(%I.%s)', cn.nspname, c.oprname) from pg_operator c join pg_namespace cn on cn.oid = c.oprnamespace where c.oid = o.oprnegate),
           ', restrict = ' || nullif(o.oprrest::oid, 0)::regproc, ', join = ' || nullif(o.oprjoin::oid, 0)::regproc,
           case when o.oprcanhash then ', hashes' end, case when o.oprcanmerge then ', merges' end),
         format('drop operator if exists %I.%s(%s, %s)', n.nspname, o.oprname, coalesce(format_type(nullif(o.oprleft, 0), null), 'none'), format_type(o.oprright, null))
  from pg_operator o join own n on n.oid = o.oprnamespace where o.oprcode::oid <> 0
  union all
  select 3, c.oid, 'pg_opclass'::regclass, 'operator class', format('%I.%I using %I', n.nspname, c.opcname, am.amname), null, null,
         format('create operator class %I.%I %sfor type %s using %I as %s', n.nspname, c.opcname, case when c.opcdefault then 'default ' else '' end,
           format_type(c.opcintype, null), am.amname,
           (select string_agg(item, ', ' order by item) from (
              select format('operator %s %I.%s (%s, %s)', m.amopstrategy, opn.nspname, op.oprname, format_type(m.amoplefttype, null), format_type(m.amoprighttype, null)) as item
              from pg_amop m join pg_operator op on op.oid = m.amopopr join pg_namespace opn on opn.oid = op.oprnamespace
              where m.amopfamily = c.opcfamily and m.amoplefttype = c.opcintype and m.amoppurpose = 's'
              union all
              select format('function %s %s', m.amprocnum, m.amproc::oid::regprocedure)
              from pg_amproc m where m.amprocfamily = c.opcfamily and m.amproclefttype = c.opcintype
              union all
              select format('storage %s', format_type(c.opckeytype, null)) where c.opckeytype <> 0) items)),
         format('drop operator class if exists %I.%I using %I', n.nspname, c.opcname, am.amname)
         || format('; drop operator family if exists %I.%I using %I', fn.nspname, f.opfname, am.amname)
  from pg_opclass c join own n on n.oid = c.opcnamespace join pg_am am on am.oid = c.opcmethod
  join pg_opfamily f on f.oid = c.opcfamily join pg_namespace fn on fn.oid = f.opfnamespace
  union all
  select 3, s.oid, 'pg_statistic_ext'::regclass, 'statistics', format('%I.%I', n.nspname, s.stxname), tn.nspname, t.relname,
         pg_get_statisticsobjdef(s.oid), format('drop statistics if exists %I.%I', n.nspname, s.stxname)
  from pg_statistic_ext s join own n on n.oid = s.stxnamespace
  join pg_class t on t.oid = s.stxrelid join pg_namespace tn on tn.oid = t.relnamespace
  union all
  select 4, r.oid, 'pg_rewrite'::regclass, 'rule', format('%I on %I.%I', r.rulename, n.nspname, c.relname), n.nspname, c.relname,
         rtrim(pg_get_ruledef(r.oid), ';')
         || case r.ev_enabled when 'D' then format('; alter table %I.%I disable rule %I', n.nspname, c.relname, r.rulename)
                              when 'A' then format('; alter table %I.%I enable always rule %I', n.nspname, c.relname, r.rulename)
                              when 'R' then format('; alter table %I.%I enable replica rule %I', n.nspname, c.relname, r.rulename) else '' end,
         format('drop rule if exists %I on %I.%I', r.rulename, n.nspname, c.relname)
  from pg_rewrite r join pg_class c on c.oid = r.ev_class join own n on n.oid = c.relnamespace
  where r.rulename <> '_RETURN'
)
select stage, kind, name, tschema::text, tname::text, make, inverse
from found f
where not exists (select 1 from of_extension e where e.classid = f.class and e.objid = f.oid)
  and make is not null
order by stage, oid
