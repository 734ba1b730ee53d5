-- DB-SUB-02: secrets, in the place of extension supabase_vault. What the table holds is encrypted (AES-256 with
-- an integrity check, by pgcrypto) under a key that is not in the database: a setting of the session, or a file
-- beside the cluster's data that only the server reads. A stolen dump reveals nothing; a stolen copy of the
-- server's disk does.
create schema if not exists vault;

create table if not exists vault.secrets (
  id uuid primary key default gen_random_uuid(),
  name text,
  description text not null default '',
  secret text not null,
  key_id uuid,
  nonce bytea,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create unique index if not exists secrets_name_idx on vault.secrets (name) where name is not null;

create or replace function vault._key() returns text
  language plpgsql
  stable
  security definer
  set search_path = ''
as $$
declare
  key text := nullif(current_setting('passerelle.vault_key', true), '');
begin
  if key is null then
    begin
      key := nullif(btrim(pg_read_file('passerelle_vault.key', 0, 1000, true), E' \n'), '');
    exception
      when insufficient_privilege then
        null;
    end;
  end if;
  if key is null then
    raise exception 'the vault has no key' using
      errcode = 'object_not_in_prerequisite_state',
      hint = 'Set VAULT_ENC_KEY and start Passerelle again.';
  end if;
  return key;
end
$$;

-- pgcrypto may have been put anywhere.
create or replace function vault._crypto() returns text
  language sql
  stable
  set search_path = ''
as $$
  select quote_ident(n.nspname)
  from pg_catalog.pg_extension e
  join pg_catalog.pg_namespace n on n.oid = e.extnamespace
  where e.extname = 'pgcrypto'
$$;

-- The secret's id is encrypted with it, so that one row's cipher text is of no use in another.
create or replace function vault._encrypt(secret text, id uuid) returns text
  language plpgsql
  security definer
  set search_path = ''
as $$
declare
  cipher bytea;
begin
  if vault._crypto() is null then
    raise exception 'the vault needs extension pgcrypto' using errcode = 'feature_not_supported';
  end if;
  execute format(
    'select %s.pgp_sym_encrypt($1, $2, ''cipher-algo=aes256, s2k-mode=1, compress-algo=0'')', vault._crypto()
  ) into cipher using id::text || ':' || secret, vault._key();
  return replace(encode(cipher, 'base64'), E'\n', '');
end
$$;

create or replace function vault._decrypt(secret text, id uuid) returns text
  language plpgsql
  stable
  security definer
  set search_path = ''
as $$
declare
  plain text;
begin
  execute format('select %s.pgp_sym_decrypt($1, $2)', vault._crypto())
    into plain using decode(secret, 'base64'), vault._key();
  if left(plain, 37) <> id::text || ':' then
    raise exception 'the secret belongs to another row' using errcode = 'data_corrupted';
  end if;
  return substr(plain, 38);
end
$$;

create or replace view vault.decrypted_secrets as
  select
    id, name, description, secret, vault._decrypt(secret, id) as decrypted_secret,
    key_id, nonce, created_at, updated_at
  from vault.secrets;

create or replace function vault.create_secret(
  new_secret text,
  new_name text default null,
  new_description text default '',
  new_key_id uuid default null
) returns uuid
  language plpgsql
  security definer
  set search_path = ''
as $$
declare
  new_id uuid := gen_random_uuid();
begin
  insert into vault.secrets (id, name, description, secret, key_id)
  values (new_id, new_name, coalesce(new_description, ''), vault._encrypt(new_secret, new_id), new_key_id);
  return new_id;
end
$$;

create or replace function vault.update_secret(
  secret_id uuid,
  new_secret text default null,
  new_name text default null,
  new_description text default null,
  new_key_id uuid default null
) returns void
  language plpgsql
  security definer
  set search_path = ''
as $$
begin
  update vault.secrets s
  set
    secret = case when new_secret is null then s.secret else vault._encrypt(new_secret, s.id) end,
    name = coalesce(new_name, s.name),
    description = coalesce(new_description, s.description),
    key_id = coalesce(new_key_id, s.key_id),
    updated_at = now()
  where s.id = secret_id;
end
$$;

-- DB-GRT-10.
revoke all on all functions in schema vault from public;
grant usage on schema vault to postgres, service_role;
grant select, delete on vault.secrets to postgres, service_role;
-- Projects keep references to their secrets.
grant references on vault.secrets to postgres;
grant select on vault.decrypted_secrets to postgres, service_role;
grant execute on function
  vault.create_secret(text, text, text, uuid),
  vault.update_secret(uuid, text, text, text, uuid),
  vault._decrypt(text, uuid)
  to postgres, service_role;
