-- Odds and ends: functions that answer in odd ways, columns of odd types.
create function public.hurried() returns text language sql volatile set statement_timeout = '3s'
  as $$ select current_setting('statement_timeout') $$;
create function public.respond(headers text default '', status text default '') returns int language sql as $$
  select set_config('response.headers', headers, true), set_config('response.status', status, true); select 1 $$;
create function public.raised(message text, detail text default null) returns void language plpgsql as $$ begin
  if detail is null then raise sqlstate 'PGRST' using message = message; end if;
  raise sqlstate 'PGRST' using message = message, detail = detail; end $$;
create function public.greeting() returns text language sql immutable as $$ select 'hi' $$;
create function public.some_bytes() returns bytea language sql immutable as $$ select 'Hel'::bytea $$;
create type public.point_like as (x int, y text);
create function public.odd_values(out a bytea, out b xml, out c float8, out d interval, out e int4range, out f public.mood, out g int[], out h public.point_like)
  language sql immutable as $$ select 'Hel'::bytea, '<p/>'::xml, 'NaN'::float8, '1 day'::interval, '[1,2]'::int4range, 'sad'::public.mood, '{{1,2},{3,4}}'::int[], (1, 'z')::public.point_like $$;
create table public.odd_columns (id int primary key, mood public.mood, list int[], span int4range, pair public.point_like);
grant all on public.odd_columns to anon, authenticated, service_role;
create table public.projects (id int primary key);
create function public.configure() returns void language plpgsql as $$ begin
  perform set_config('pgrst.db_aggregates_enabled', 'true', true);
  perform set_config('pgrst.db_max_rows', '2', true); end $$;
