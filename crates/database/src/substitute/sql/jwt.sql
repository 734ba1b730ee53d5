-- DB-SUB-01: JSON web tokens, in the place of extension pgjwt; by pgcrypto's hmac, wherever that stands.
create or replace function @schema@.url_encode(data bytea) returns text
  language sql
  immutable
as $$
  select translate(encode(data, 'base64'), E'+/=\n', '-_')
$$;

create or replace function @schema@.url_decode(data text) returns bytea
  language sql
  immutable
as $$
  select decode(
    rpad(translate(data, '-_', '+/'), (length(data) + 3) / 4 * 4, '='), 'base64'
  )
$$;

create or replace function @schema@.try_cast_double(inp text) returns double precision
  language plpgsql
  immutable
as $$
begin
  return inp::double precision;
exception
  when others then
    return null;
end
$$;

create or replace function @schema@.algorithm_sign(signables text, secret text, algorithm text) returns text
  language plpgsql
  immutable
as $$
declare
  digest text := case algorithm when 'HS256' then 'sha256' when 'HS384' then 'sha384' when 'HS512' then 'sha512' end;
  crypto text := (
    select quote_ident(n.nspname)
    from pg_catalog.pg_extension e
    join pg_catalog.pg_namespace n on n.oid = e.extnamespace
    where e.extname = 'pgcrypto'
  );
  signature bytea;
begin
  if digest is null then
    raise exception 'unknown algorithm %', algorithm using errcode = 'invalid_parameter_value';
  end if;
  execute format('select %s.hmac($1, $2, $3)', crypto)
    into signature using convert_to(signables, 'UTF8'), convert_to(secret, 'UTF8'), digest;
  return @schema@.url_encode(signature);
end
$$;

create or replace function @schema@.sign(payload json, secret text, algorithm text default 'HS256') returns text
  language sql
  immutable
as $$
  select signables.text || '.' || @schema@.algorithm_sign(signables.text, secret, algorithm)
  from (
    select
      @schema@.url_encode(convert_to('{"alg":"' || algorithm || '","typ":"JWT"}', 'UTF8'))
      || '.' || @schema@.url_encode(convert_to(payload::text, 'UTF8')) as text
  ) signables
$$;

create or replace function @schema@.verify(token text, secret text, algorithm text default 'HS256')
  returns table (header json, payload json, valid boolean)
  language sql
  stable
as $$
  select
    parts.header,
    parts.payload,
    parts.is_signed
      and tstzrange(
        to_timestamp(@schema@.try_cast_double(parts.payload ->> 'nbf')),
        to_timestamp(@schema@.try_cast_double(parts.payload ->> 'exp'))
      ) @> now()
  from (
    select
      convert_from(@schema@.url_decode(part[1]), 'UTF8')::json as header,
      convert_from(@schema@.url_decode(part[2]), 'UTF8')::json as payload,
      part[3] = @schema@.algorithm_sign(part[1] || '.' || part[2], secret, algorithm) as is_signed
    from regexp_split_to_array(token, '\.') as part
  ) parts
$$;

grant execute on function
  @schema@.url_encode(bytea), @schema@.url_decode(text), @schema@.try_cast_double(text),
  @schema@.algorithm_sign(text, text, text), @schema@.sign(json, text, text), @schema@.verify(text, text, text)
  to postgres with grant option;
