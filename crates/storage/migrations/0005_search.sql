-- Listings. All of them run with the caller's rights, so row security decides what is listed.
--
-- Names are walked in index order: inside a run of files row by row, and past a folder in one seek, so the
-- cost follows what is returned and not what lies in the folders. U+10FFFF ends every range: nothing that a
-- key may hold sorts after it.
drop function if exists storage.search(text, text, integer, integer, integer);
drop function if exists storage.search(text, text, integer, integer, integer, text, text, text);
drop function if exists storage.search_v2(text, text, integer, integer, text);
drop function if exists storage.search_v2(text, text, integer, integer, text, text, text, text);
drop function if exists storage.search_by_timestamp(text, text, integer, integer, text, text, text, text);
drop function if exists storage.list_objects_with_delimiter(text, text, text, integer, text, text);
drop function if exists storage.list_objects_with_delimiter(text, text, text, integer, text, text, text);
drop function if exists storage.list_multipart_uploads_with_delimiter(text, text, text, integer, text, text);

create or replace function storage.get_common_prefix(p_key text, p_prefix text, p_delimiter text) returns text
language sql immutable
as $$
  select left(p_key, length(p_prefix) + nullif(position(p_delimiter in substr(p_key, length(p_prefix) + 1)), 0)
    + length(p_delimiter) - 1)
$$;

create function storage.search(
  prefix text,
  bucketname text,
  limits integer default 100,
  levels integer default 1,
  offsets integer default 0,
  search text default '',
  sortcolumn text default 'name',
  sortorder text default 'asc'
)
returns table (
  name text,
  id uuid,
  updated_at timestamptz,
  created_at timestamptz,
  last_accessed_at timestamptz,
  metadata jsonb
)
language plpgsql stable
as $$
#variable_conflict use_column
declare
  -- `levels` says nothing that `prefix` does not; it is kept for those who pass it.
  ending constant text := chr(1114111);
  wanted text := lower(coalesce(prefix, '') || coalesce(search, ''));
  cut integer := length(coalesce(prefix, '')) + 1;
  most integer := least(coalesce(limits, 100), 1500);
  to_skip integer := greatest(coalesce(offsets, 0), 0);
  descending boolean := lower(coalesce(sortorder, 'asc')) = 'desc';
  direction text := case when descending then 'desc' else 'asc' end;
  column_name text := lower(coalesce(sortcolumn, 'name'));
  walk text;
  seek text;
  again boolean;
  found_row record;
  folder text;
  variant text;
  variants text[];
  candidate text;
  probe text;
  at integer;
begin
  if column_name in ('updated_at', 'created_at', 'last_accessed_at') then
    return query execute format(
      $sql$
        with matching as (
          select o.*, storage.get_common_prefix(lower(o.name), $2, '/') as folded
          from storage.objects as o
          where o.bucket_id = $1 and lower(o.name) collate "C" >= $2 and lower(o.name) collate "C" < $3
        ),
        entries as (
          select
            0 as rank, substr(left(name, length(folded) - 1), $4) as name, null::uuid as id,
            null::timestamptz as updated_at, null::timestamptz as created_at,
            null::timestamptz as last_accessed_at, null::jsonb as metadata
          from matching
          where folded is not null
          group by 2
          union all
          select 1, substr(name, $4), id, updated_at, created_at, last_accessed_at, metadata
          from matching
          where folded is null
        )
        select name, id, updated_at, created_at, last_accessed_at, metadata
        from entries
        order by rank, %1$I %2$s, lower(name) collate "C" %2$s, name collate "C" %2$s
        limit $5 offset $6
      $sql$, column_name, direction
    ) using bucketname, wanted, wanted || ending, cut, most, to_skip;
    return;
  end if;

  walk := format(
    $sql$
      select o.name, o.id, o.updated_at, o.created_at, o.last_accessed_at, o.metadata
      from storage.objects as o
      where o.bucket_id = $1 and lower(o.name) collate "C" >= $2 and lower(o.name) collate "C" < $3
      order by lower(o.name) collate "C" %1$s, o.name collate "C" %1$s
      limit $4
    $sql$, direction
  );
  seek := case when descending then wanted || ending else wanted end;
  loop
    again := false;
    for found_row in execute walk using
      bucketname,
      case when descending then wanted else seek end,
      case when descending then seek else wanted || ending end,
      -- Every row is an entry or ends the walk; that few are wanted keeps the planner on the index.
      to_skip + most
    loop
      exit when most <= 0;
      folder := storage.get_common_prefix(lower(found_row.name), wanted, '/');
      if folder is null then
        if to_skip > 0 then
          to_skip := to_skip - 1;
          continue;
        end if;
        most := most - 1;
        name := substr(found_row.name, cut);
        id := found_row.id;
        updated_at := found_row.updated_at;
        created_at := found_row.created_at;
        last_accessed_at := found_row.last_accessed_at;
        metadata := found_row.metadata;
        return next;
        continue;
      end if;

      -- A folder may be written in several ways (Dir/, dir/). Each way that exists is found by a few seeks in
      -- the index on names: the next possible spelling at or after the name that the last seek met.
      variants := array[]::text[];
      candidate := upper(folder);
      while candidate is not null loop
        select o.name into probe
        from storage.objects as o
        where o.bucket_id = bucketname
          and o.name collate "C" >= candidate
          and o.name collate "C" < folder || ending
        order by o.name collate "C"
        limit 1;
        exit when probe is null;
        candidate := null;
        if lower(left(probe, length(folder))) = folder then
          variants := variants || left(probe, length(folder));
          probe := left(probe, length(folder)) || ending;
        end if;
        at := 1;
        while at <= length(folder) and lower(substr(probe, at, 1)) = substr(folder, at, 1) loop
          at := at + 1;
        end loop;
        at := least(at, length(folder));
        while at > 0 loop
          if upper(substr(folder, at, 1)) collate "C" > substr(probe, at, 1) then
            candidate := left(probe, at - 1) || upper(substr(folder, at));
            exit;
          elsif substr(folder, at, 1) collate "C" > substr(probe, at, 1) then
            candidate := left(probe, at - 1) || substr(folder, at, 1) || upper(substr(folder, at + 1));
            exit;
          end if;
          at := at - 1;
        end loop;
      end loop;

      for variant in
        select v from unnest(variants) with ordinality as u (v, place)
        order by case when descending then -place else place end
      loop
        exit when most <= 0;
        if to_skip > 0 then
          to_skip := to_skip - 1;
          continue;
        end if;
        most := most - 1;
        name := substr(left(variant, -1), cut);
        id := null;
        updated_at := null;
        created_at := null;
        last_accessed_at := null;
        metadata := null;
        return next;
      end loop;
      seek := case when descending then folder else folder || ending end;
      again := true;
      exit;
    end loop;
    exit when not again or most <= 0;
  end loop;
end
$$;

create function storage.list_objects_with_delimiter(
  _bucket_id text,
  prefix_param text,
  delimiter_param text,
  max_keys integer default 100,
  start_after text default '',
  next_token text default '',
  sort_order text default 'asc'
)
returns table (
  name text,
  id uuid,
  metadata jsonb,
  updated_at timestamptz,
  created_at timestamptz,
  last_accessed_at timestamptz
)
language plpgsql stable
as $$
#variable_conflict use_column
declare
  ending constant text := chr(1114111);
  wanted text := coalesce(prefix_param, '');
  most integer := coalesce(max_keys, 100);
  descending boolean := lower(coalesce(sort_order, 'asc')) = 'desc';
  walk text;
  seek text := coalesce(nullif(next_token, ''), nullif(start_after, ''));
  again boolean;
  found_row record;
  folder text;
begin
  walk := format(
    $sql$
      select o.name, o.id, o.metadata, o.updated_at, o.created_at, o.last_accessed_at
      from storage.objects as o
      where o.bucket_id = $1
        and o.name collate "C" >= $2
        and o.name collate "C" < $3
        and ($4::text is null or o.name collate "C" %s $4)
      order by o.name collate "C" %s
      limit $5
    $sql$,
    case when descending then '<' else '>' end,
    case when descending then 'desc' else 'asc' end
  );
  -- A token that is a folder means that folder was given: go on behind it.
  if next_token <> '' and delimiter_param <> '' and right(next_token, length(delimiter_param)) = delimiter_param
    and not descending then
    seek := next_token || ending;
  end if;
  loop
    again := false;
    for found_row in execute walk using _bucket_id, wanted, wanted || ending, seek, most loop
      exit when most <= 0;
      most := most - 1;
      folder := case
        when delimiter_param <> '' then storage.get_common_prefix(found_row.name, wanted, delimiter_param)
      end;
      if folder is null then
        name := found_row.name;
        id := found_row.id;
        metadata := found_row.metadata;
        updated_at := found_row.updated_at;
        created_at := found_row.created_at;
        last_accessed_at := found_row.last_accessed_at;
        return next;
      else
        name := folder;
        id := null;
        metadata := null;
        updated_at := null;
        created_at := null;
        last_accessed_at := null;
        return next;
        seek := case when descending then folder else folder || ending end;
        again := true;
        exit;
      end if;
    end loop;
    exit when not again or most <= 0;
  end loop;
end
$$;

create function storage.search_by_timestamp(
  p_prefix text,
  p_bucket_id text,
  p_limit integer,
  p_level integer,
  p_start_after text,
  p_sort_order text,
  p_sort_column text,
  p_sort_column_after text
)
returns table (
  key text,
  name text,
  id uuid,
  updated_at timestamptz,
  created_at timestamptz,
  last_accessed_at timestamptz,
  metadata jsonb
)
language plpgsql stable
as $$
begin
  -- A folder is as old as its earliest object; ties are broken by name.
  return query execute format(
    $sql$
      with matching as (
        select o.*, storage.get_common_prefix(o.name, $1, '/') as folded
        from storage.objects as o
        where o.bucket_id = $2 and o.name collate "C" >= $1 and o.name collate "C" < $1 || chr(1114111)
      ),
      entries as (
        select
          folded as name, null::uuid as id, min(created_at) as updated_at, min(created_at) as created_at,
          null::timestamptz as last_accessed_at, null::jsonb as metadata
        from matching
        where folded is not null
        group by folded
        union all
        select name, id, updated_at, created_at, last_accessed_at, metadata
        from matching
        where folded is null
      )
      select
        storage.filename(rtrim(name, '/')), name, id, updated_at, created_at, last_accessed_at, metadata
      from entries
      where $4 = '' or (date_trunc('milliseconds', %1$I), name collate "C") %2$s ($4::timestamptz, $3)
      order by date_trunc('milliseconds', %1$I) %3$s, name collate "C" %3$s
      limit $5
    $sql$,
    case when p_sort_column = 'updated_at' then 'updated_at' else 'created_at' end,
    case when lower(p_sort_order) = 'desc' then '<' else '>' end,
    case when lower(p_sort_order) = 'desc' then 'desc' else 'asc' end
  ) using coalesce(p_prefix, ''), p_bucket_id, coalesce(p_start_after, ''), coalesce(p_sort_column_after, ''), p_limit;
end
$$;

create function storage.search_v2(
  prefix text,
  bucket_name text,
  limits integer default 100,
  levels integer default 1,
  start_after text default '',
  sort_order text default 'asc',
  sort_column text default 'name',
  sort_column_after text default ''
)
returns table (
  key text,
  name text,
  id uuid,
  updated_at timestamptz,
  created_at timestamptz,
  last_accessed_at timestamptz,
  metadata jsonb
)
language plpgsql stable
as $$
begin
  if lower(sort_column) in ('updated_at', 'created_at') then
    return query
      select t.key, t.name, t.id, t.updated_at, t.created_at, t.last_accessed_at, t.metadata
      from storage.search_by_timestamp(
        prefix, bucket_name, limits, levels, start_after, sort_order, lower(sort_column), sort_column_after
      ) as t;
    return;
  end if;
  return query
    select
      storage.filename(rtrim(t.name, '/')), t.name, t.id, t.updated_at, t.created_at, t.last_accessed_at, t.metadata
    from storage.list_objects_with_delimiter(
      bucket_name, prefix, '/', limits, '', start_after, sort_order
    ) as t;
end
$$;

create function storage.list_multipart_uploads_with_delimiter(
  bucket_id text,
  prefix_param text,
  delimiter_param text,
  max_keys integer default 100,
  next_key_token text default '',
  next_upload_token text default ''
)
returns table (key text, id text, created_at timestamptz)
language plpgsql stable
as $$
#variable_conflict use_column
declare
  bucket alias for $1;
begin
  return query
    select e.key, e.id, e.created_at
    from (
      select distinct on (f.folded)
        f.folded as key, f.id, f.created_at
      from (
        select
          coalesce(
            case when delimiter_param <> '' then storage.get_common_prefix(u.key, prefix_param, delimiter_param) end,
            u.key
          ) collate "C" as folded,
          u.id,
          u.created_at
        from storage.s3_multipart_uploads as u
        where u.bucket_id = bucket
          and u.key >= prefix_param
          and u.key < prefix_param || chr(1114111)
          and (next_upload_token = '' or u.id collate "C" > next_upload_token)
      ) as f
      where next_key_token = '' or next_upload_token <> '' or f.folded > next_key_token
      order by f.folded, f.created_at
    ) as e
    order by e.key
    limit max_keys;
end
$$;
