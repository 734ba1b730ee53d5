-- What is made of rows besides JSON, and domains with ways of their own to be shown and read.
create domain public."text/html" as text;
create domain public."image/png" as bytea;
create domain public."text/tab-separated-values" as text;
create domain public."*/*" as bytea;
create domain extensions."application/x-yaml" as text;
create function public.page() returns public."text/html" language sql stable as $$
  select set_config('response.headers', '[{"Content-Disposition": "inline"}]', true);
  select '<h1>hello</h1>'::public."text/html" $$;
create function public.pixel() returns public."image/png" language sql immutable as $$ select '\x89504e47'::bytea::public."image/png" $$;
create function public.pages() returns setof public."text/html" language sql immutable as $$ select '<p/>'::public."text/html" $$;
create function public.yaml() returns extensions."application/x-yaml" language sql immutable as $$ select null::extensions."application/x-yaml" $$;
create function public.anything() returns public."*/*" language sql stable as $$
  select set_config('response.headers', '[{"Content-Type": "app/chocolate"}]', true); select 'chips'::bytea::public."*/*" $$;
create table public.pens (id int primary key, ink text);
create table public.crates (id int primary key);
insert into public.pens values (1, 'blue'), (2, 'red');
insert into public.crates values (1);
create function public.pens() returns setof public.pens language sql stable as $$ select * from public.pens $$;
create function public.pens_step(state text, pen public.pens) returns text language sql immutable as $$
  select state || pen.id || E'\t' || pen.ink || E'\n' $$;
create function public.to_tabs(state text) returns public."text/tab-separated-values" language sql immutable as $$
  select state::public."text/tab-separated-values" $$;
create aggregate public.tabs(public.pens) (sfunc = public.pens_step, stype = text, finalfunc = public.to_tabs, initcond = E'id\tink\n');
create function public.crates_step(state bytea, box public.crates) returns bytea language sql immutable as $$
  select state || convert_to('box ' || box.id, 'UTF8') $$;
create function public.to_any(state bytea) returns public."*/*" language sql immutable as $$ select state::public."*/*" $$;
create aggregate public.boxes(public.crates) (sfunc = public.crates_step, stype = bytea, finalfunc = public.to_any, initcond = '');
create domain public."text/vnd.lines" as text;
create function public.lines_step(state text, item anyelement) returns text language sql immutable as $$ select state || item::text || ';' $$;
create function public.to_lines(state text, item anyelement) returns public."text/vnd.lines" language sql immutable as $$
  select nullif(state, '')::public."text/vnd.lines" $$;
create aggregate public.lines(anyelement) (sfunc = public.lines_step, stype = text, finalfunc = public.to_lines, finalfunc_extra, initcond = '');
-- A stand-in for PostGIS: what it would be asked, and the shape of its answer.
create function extensions.st_asgeojson(r record) returns text language plpgsql immutable as $$ declare j jsonb := to_jsonb(r); begin
  if not j ? 'shape' then raise exception 'geometry column is missing' using errcode = '22023'; end if;
  return jsonb_build_object('type', 'Feature', 'geometry', j -> 'shape', 'properties', j - 'shape'); end $$;
create table public.places (id int primary key, shape jsonb, name text);
insert into public.places values (1, '{"type":"Point","coordinates":[1,2]}', 'here');

create domain public.color as int;
create function public.color_text(public.color) returns text language sql immutable as $$
  select case when $1 is null then 'none' else '#' || lpad(upper(to_hex($1)), 6, '0') end $$;
create function public.color_to_json(public.color) returns json language sql immutable as $$ select to_json(public.color_text($1)) $$;
create function public.color_from_text(text) returns public.color language sql immutable as $$
  select ('x' || lpad(ltrim($1, '#'), 8, '0'))::bit(32)::int::public.color $$;
create function public.color_from_json(json) returns public.color language sql immutable as $$
  select public.color_from_text($1 #>> '{}') $$;
create cast (public.color as json) with function public.color_to_json(public.color) as implicit;
create cast (text as public.color) with function public.color_from_text(text) as implicit;
create cast (json as public.color) with function public.color_from_json(json) as implicit;
create table public.paints (id int primary key, name text, color public.color);
create table public.walls (id int primary key, paint_id int references public.paints);
create view public.paint_view as select id, color from public.paints;
insert into public.paints values (1, 'black', 0), (2, 'red', 16711680), (3, 'clear', null);
insert into public.walls values (1, 2);
grant all on public.pens, public.crates, public.places, public.paints, public.walls, public.paint_view to anon, authenticated;
