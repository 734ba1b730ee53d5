-- DB-SUB-08: the names of extension http, so that a project applies; its functions would hold a connection for as long as
-- somebody else's server likes, and are not there.
create schema if not exists @schema@;
do $$
begin
  if to_regtype('@schema@.http_method') is null then
    create domain @schema@.http_method as text;
    create type @schema@.http_header as (field varchar, value varchar);
    create type @schema@.http_response as (
      status int, content_type varchar, headers @schema@.http_header[], content varchar
    );
    create type @schema@.http_request as (
      method @schema@.http_method, uri varchar, headers @schema@.http_header[], content_type varchar, content varchar
    );
  end if;
end
$$;

create or replace function @schema@.http(request @schema@.http_request) returns @schema@.http_response
  language plpgsql
as $$
begin
  raise exception 'http is not available on this server; use net.http_post' using errcode = 'feature_not_supported';
end
$$;

create or replace function @schema@.http_header(field varchar, value varchar) returns @schema@.http_header
  language sql
  immutable
as $$ select row($1, $2)::@schema@.http_header $$;

create or replace function @schema@.http_get(uri varchar) returns @schema@.http_response
  language sql
as $$ select @schema@.http(row('GET', $1, null, null, null)::@schema@.http_request) $$;

create or replace function @schema@.http_get(uri varchar, data jsonb) returns @schema@.http_response
  language sql
as $$ select @schema@.http(row('GET', $1, null, null, $2::text)::@schema@.http_request) $$;

create or replace function @schema@.http_post(uri varchar, content varchar, content_type varchar)
  returns @schema@.http_response
  language sql
as $$ select @schema@.http(row('POST', $1, null, $3, $2)::@schema@.http_request) $$;

create or replace function @schema@.http_post(uri varchar, data jsonb) returns @schema@.http_response
  language sql
as $$ select @schema@.http(row('POST', $1, null, null, $2::text)::@schema@.http_request) $$;

create or replace function @schema@.http_put(uri varchar, content varchar, content_type varchar)
  returns @schema@.http_response
  language sql
as $$ select @schema@.http(row('PUT', $1, null, $3, $2)::@schema@.http_request) $$;

create or replace function @schema@.http_patch(uri varchar, content varchar, content_type varchar)
  returns @schema@.http_response
  language sql
as $$ select @schema@.http(row('PATCH', $1, null, $3, $2)::@schema@.http_request) $$;

create or replace function @schema@.http_delete(uri varchar) returns @schema@.http_response
  language sql
as $$ select @schema@.http(row('DELETE', $1, null, null, null)::@schema@.http_request) $$;

create or replace function @schema@.http_delete(uri varchar, content varchar, content_type varchar)
  returns @schema@.http_response
  language sql
as $$ select @schema@.http(row('DELETE', $1, null, $3, $2)::@schema@.http_request) $$;

create or replace function @schema@.http_head(uri varchar) returns @schema@.http_response
  language sql
as $$ select @schema@.http(row('HEAD', $1, null, null, null)::@schema@.http_request) $$;

create or replace function @schema@.http_set_curlopt(curlopt varchar, value varchar) returns boolean
  language plpgsql
as $$
begin
  raise exception 'http is not available on this server; use net.http_post' using errcode = 'feature_not_supported';
end
$$;

create or replace function @schema@.http_reset_curlopt() returns boolean
  language plpgsql
as $$
begin
  raise exception 'http is not available on this server; use net.http_post' using errcode = 'feature_not_supported';
end
$$;

-- What it does needs no network.
create or replace function @schema@.urlencode(string varchar) returns text
  language sql
  immutable
  strict
as $$
  select coalesce(string_agg(
    case when piece ~ '^[A-Za-z0-9_.~-]$' then piece
      else regexp_replace(upper(encode(convert_to(piece, 'UTF8'), 'hex')), '(..)', '%\1', 'g') end,
    '' order by place
  ), '')
  from regexp_split_to_table(string, '') with ordinality as pieces (piece, place)
  where piece <> ''
$$;
