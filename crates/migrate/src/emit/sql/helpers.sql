-- What old ids become. These functions are gone when the session ends.
create or replace function pg_temp.new_id(old text) returns uuid language plpgsql stable as $$
begin
{numbers_only}  return (select m.supabase_user_id
          from public.user_id_mapping m
          where m.source_table = {source_table} and m.status <> 'failed' and m.old_user_id = {old});
end
$$;

-- Whether somebody has this new id already.
create or replace function pg_temp.is_known(id uuid) returns boolean language sql stable as $$
  select exists (select 1 from public.user_id_mapping m where m.supabase_user_id = id and m.status <> 'failed')
      or exists (select 1 from auth.users u where u.id = is_known.id)
$$;

-- An old id is translated, a known new id stays, everything else is nobody's.
create or replace function pg_temp.id_of(value text) returns uuid language plpgsql stable as $$
declare
  id uuid := pg_temp.new_id(value);
begin
  if id is null and btrim(value) ~* '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' and pg_temp.is_known(btrim(value)::uuid) then
    id := btrim(value)::uuid;
  end if;
  return id;
end
$$;

-- The id of a user whose own row stays: not of one who became somebody else.
create or replace function pg_temp.own_id(value text) returns uuid language sql stable as $$
  select id from pg_temp.id_of(value) as id
  where not exists (select 1 from public.user_id_mapping m
                    where m.source_table = {source_table} and m.old_user_id::text = btrim(value) and m.status = 'merged')
$$;

create or replace function pg_temp.as_json(value text) returns jsonb language plpgsql immutable as $$
begin
  return value::jsonb;
exception when others then
  return null;
end
$$;

-- The id in a document's leaf as text; null where it is no id.
create or replace function pg_temp.leaf(value jsonb) returns text language sql immutable as $$
  select case jsonb_typeof(value)
           when 'number' then value #>> '{}'
           when 'string' then case when {leaf_is_id} then value #>> '{}' end
         end
$$;

-- A document with the ids at a path translated. Steps are `key:name` and `each`. Null: an id of nobody is there and
-- `orphans` does not say what to do with it.
create or replace function pg_temp.translate(value jsonb, path text[], orphans text) returns jsonb language plpgsql stable as $$
declare
  step text := path[1];
  rest text[] := path[2:];
  element jsonb;
  new jsonb;
  result jsonb := '[]';
begin
  if step is null then
    if pg_temp.leaf(value) is null then
      return value;
    elsif pg_temp.id_of(pg_temp.leaf(value)) is not null then
      return to_jsonb(pg_temp.id_of(pg_temp.leaf(value))::text);
    elsif orphans in ('null', 'drop-element') then
      return 'null';
    end if;
    return null;
  elsif step = 'each' then
    if jsonb_typeof(value) <> 'array' then
      return value;
    end if;
    for element in select e.value from jsonb_array_elements(value) with ordinality e(value, place) order by e.place loop
      if cardinality(rest) = 0 and orphans = 'drop-element'
         and pg_temp.leaf(element) is not null and pg_temp.id_of(pg_temp.leaf(element)) is null then
        continue;
      end if;
      new := pg_temp.translate(element, rest, orphans);
      if new is null then
        return null;
      end if;
      result := result || jsonb_build_array(new);
    end loop;
    return result;
  end if;
  if jsonb_typeof(value) <> 'object' or not value ? substr(step, 5) then
    return value;
  end if;
  new := pg_temp.translate(value -> substr(step, 5), rest, orphans);
  return jsonb_set(value, array[substr(step, 5)], new);
end
$$;

-- An array of ids, its dimensions kept. Null as above.
create or replace function pg_temp.translate_array(value text, orphans text) returns uuid[] language plpgsql stable as $$
declare
  token text;
  id uuid;
  result text := '';
begin
  for token in select m[1] from regexp_matches(value, '([{},]|"[^"]*"|[^{},"]+)', 'g') m loop
    if token in ('{', '}', ',') then
      result := result || token;
    elsif upper(token) = 'NULL' then
      result := result || 'NULL';
    else
      id := pg_temp.id_of(btrim(token, '"'));
      if id is null and orphans = 'drop-element' and value not like '{{%' then
        result := result || 'dropped';
      elsif id is null and orphans in ('null', 'drop-element') then
        result := result || 'NULL';
      elsif id is null then
        return null;
      else
        result := result || id::text;
      end if;
    end if;
  end loop;
  -- A dropped element takes one comma along.
  result := regexp_replace(result, 'dropped,|,dropped', '', 'g');
  return replace(result, 'dropped', '')::uuid[];
end
$$;

create or replace function pg_temp.is_type(in_schema text, in_table text, in_column text, wanted text) returns boolean language sql stable as $$
  select coalesce((select format_type(a.atttypid, a.atttypmod) = wanted
                   from pg_attribute a
                   join pg_class c on c.oid = a.attrelid
                   join pg_namespace n on n.oid = c.relnamespace
                   where n.nspname = in_schema and c.relname = in_table and a.attname = in_column and not a.attisdropped), true)
$$;

create or replace function pg_temp.has_column(in_schema text, in_table text, in_column text) returns boolean language sql stable as $$
  select exists (select 1
                 from pg_attribute a
                 join pg_class c on c.oid = a.attrelid
                 join pg_namespace n on n.oid = c.relnamespace
                 where n.nspname = in_schema and c.relname = in_table and a.attname = in_column and not a.attisdropped)
$$;

create or replace function pg_temp.refuse_if(how_many bigint, what text) returns void language plpgsql as $$
begin
  if how_many > 0 then
    raise exception '%: %', what, how_many
      using hint = 'nothing was changed; complete the mapping, or decide in the plan and emit again';
  end if;
end
$$;

-- What cannot be made is named, not passed over in silence.
create or replace function pg_temp.try_to_make(what text, statement text) returns void language plpgsql as $$
begin
  execute statement;
exception when others then
  raise warning '% not made: %', what, sqlerrm;
end
$$;
