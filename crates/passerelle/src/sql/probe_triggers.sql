-- Whether something of the application's own acts on changes of a table. $1: the table
select exists (select from pg_catalog.pg_trigger where tgrelid = $1::text::regclass and not tgisinternal and tgenabled <> 'D')
  or exists (select from pg_catalog.pg_rewrite where ev_class = $1::text::regclass)
