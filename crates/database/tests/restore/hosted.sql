--
-- PostgreSQL database dump
--

\restrict gD3kZ

-- Dumped from database version 17.6
-- Dumped by pg_dump version 17.6

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

CREATE SCHEMA _realtime;
ALTER SCHEMA _realtime OWNER TO supabase_admin;
CREATE SCHEMA auth;
ALTER SCHEMA auth OWNER TO supabase_admin;
CREATE SCHEMA extensions;
ALTER SCHEMA extensions OWNER TO postgres;
CREATE EXTENSION IF NOT EXISTS pg_net WITH SCHEMA extensions;
COMMENT ON EXTENSION pg_net IS 'Async HTTP';
CREATE SCHEMA private;
ALTER SCHEMA private OWNER TO postgres;
CREATE EXTENSION IF NOT EXISTS pgsodium;
CREATE SCHEMA public;
ALTER SCHEMA public OWNER TO pg_database_owner;
COMMENT ON SCHEMA public IS 'standard public schema';
CREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA extensions;
CREATE EXTENSION IF NOT EXISTS supabase_vault WITH SCHEMA vault;
CREATE TYPE auth.aal_level AS ENUM (
    'aal1',
    'aal2'
);
ALTER TYPE auth.aal_level OWNER TO supabase_auth_admin;
CREATE TYPE public.state AS ENUM (
    'open',
    'done'
);
ALTER TYPE public.state OWNER TO postgres;

--
-- Name: tenant_id(); Type: FUNCTION; Schema: auth; Owner: postgres
--

CREATE FUNCTION auth.tenant_id() RETURNS uuid
    LANGUAGE sql STABLE
    AS $$ select nullif(auth.jwt() ->> 'tenant', '')::uuid; $$;
ALTER FUNCTION auth.tenant_id() OWNER TO postgres;
CREATE OR REPLACE FUNCTION auth.uid() RETURNS uuid
    LANGUAGE sql STABLE
    AS $$ select 'ffffffff-0000-4000-8000-000000000000'::uuid $$;
ALTER FUNCTION auth.uid() OWNER TO supabase_auth_admin;
CREATE FUNCTION public.handle_new_user() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  insert into public.profiles (id, name) values (new.id, new.email);
  return new;
end;
$$;
ALTER FUNCTION public.handle_new_user() OWNER TO postgres;
CREATE FUNCTION storage.old_prefix() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ begin return new; end; $$;
ALTER FUNCTION storage.old_prefix() OWNER TO supabase_storage_admin;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE _realtime.tenants (
    id uuid NOT NULL
);
CREATE TABLE auth.identities (
    id uuid NOT NULL,
    user_id uuid NOT NULL
);
ALTER TABLE auth.identities OWNER TO supabase_auth_admin;
CREATE TABLE auth.refresh_tokens (
    id bigint NOT NULL,
    token character varying(255)
);
ALTER TABLE auth.refresh_tokens OWNER TO supabase_auth_admin;
CREATE SEQUENCE auth.refresh_tokens_id_seq;
ALTER SEQUENCE auth.refresh_tokens_id_seq OWNER TO supabase_auth_admin;
ALTER SEQUENCE auth.refresh_tokens_id_seq OWNED BY auth.refresh_tokens.id;
CREATE TABLE auth.schema_migrations (
    version character varying(255) NOT NULL
);
ALTER TABLE auth.schema_migrations OWNER TO supabase_auth_admin;
CREATE TABLE auth.users (
    id uuid NOT NULL,
    email character varying(255),
    is_very_new boolean,
    confirmed_at timestamp with time zone GENERATED ALWAYS AS (LEAST(email_confirmed_at, phone_confirmed_at)) STORED
);
ALTER TABLE auth.users OWNER TO supabase_auth_admin;
CREATE TABLE storage.prefixes (
    bucket_id text NOT NULL,
    name text NOT NULL
);
ALTER TABLE storage.prefixes OWNER TO supabase_storage_admin;
CREATE TABLE public.profiles (
    id uuid NOT NULL,
    name text,
    state public.state DEFAULT 'open'::public.state
);
ALTER TABLE public.profiles OWNER TO postgres;
CREATE TABLE private.notes (
    id integer NOT NULL,
    text text
);
ALTER TABLE private.notes OWNER TO postgres;
CREATE TABLE supabase_migrations.schema_migrations (
    version text NOT NULL,
    statements text[],
    name text,
    created_by text
);
ALTER TABLE supabase_migrations.schema_migrations OWNER TO postgres;
COPY _realtime.tenants (id) FROM stdin;
8a1c5c0e-0000-4000-8000-0000000000aa
\.
COPY auth.identities (id, user_id) FROM stdin;
8a1c5c0e-0000-4000-8000-000000000011	8a1c5c0e-0000-4000-8000-000000000001
8a1c5c0e-0000-4000-8000-000000000012	8a1c5c0e-0000-4000-8000-0000000000ff
\.
COPY auth.refresh_tokens (id, token) FROM stdin;
41	abc
\.
COPY auth.schema_migrations (version) FROM stdin;
20171026211738
20991026211738
\.
COPY auth.users (id, is_very_new, email) FROM stdin;
8a1c5c0e-0000-4000-8000-000000000001	t	ada\\x@example.com
8a1c5c0e-0000-4000-8000-000000000002	\N	tab\there
\.
COPY public.profiles (id, name, state) FROM stdin;
8a1c5c0e-0000-4000-8000-000000000001	Ada	done
\.
COPY private.notes (id, text) FROM stdin;
1	one;
2	\\.
\.
COPY storage.prefixes (bucket_id, name) FROM stdin;
avatars	a
\.
COPY supabase_migrations.schema_migrations (version, statements, name, created_by) FROM stdin;
20240101000000	{"select 1"}	init	ada@example.com
\.
COPY vault.secrets (id, name, description, secret, key_id, nonce, created_at, updated_at) FROM stdin;
8a1c5c0e-0000-4000-8000-000000000031	theirs		xI+0aaaa	\N	\\x00	2024-01-01 00:00:00+00	2024-01-01 00:00:00+00
\.
SELECT pg_catalog.setval('auth.refresh_tokens_id_seq', 12, true);
ALTER TABLE ONLY auth.identities
    ADD CONSTRAINT identities_pkey PRIMARY KEY (id);
ALTER TABLE ONLY auth.users
    ADD CONSTRAINT users_email_key UNIQUE (email);
ALTER TABLE ONLY public.profiles
    ADD CONSTRAINT profiles_pkey PRIMARY KEY (id);
CREATE INDEX users_name_idx ON auth.users USING btree (email);
CREATE TRIGGER on_auth_user_created AFTER INSERT ON auth.users FOR EACH ROW EXECUTE FUNCTION public.handle_new_user();
CREATE TRIGGER objects_prefix BEFORE INSERT ON storage.objects FOR EACH ROW EXECUTE FUNCTION storage.old_prefix();
ALTER TABLE ONLY public.profiles
    ADD CONSTRAINT profiles_id_fkey FOREIGN KEY (id) REFERENCES auth.users(id) ON DELETE CASCADE;
CREATE POLICY "own folder" ON storage.objects FOR INSERT TO authenticated WITH CHECK ((auth.uid() IS NOT NULL));
ALTER TABLE auth.users ENABLE ROW LEVEL SECURITY;
CREATE POLICY "own profile" ON public.profiles USING ((( SELECT auth.uid() AS uid) = id));
ALTER TABLE public.profiles ENABLE ROW LEVEL SECURITY;
CREATE PUBLICATION supabase_realtime WITH (publish = 'insert, update, delete, truncate');
ALTER PUBLICATION supabase_realtime OWNER TO postgres;
ALTER PUBLICATION supabase_realtime ADD TABLE ONLY public.profiles;
GRANT USAGE ON SCHEMA auth TO anon;
REVOKE ALL ON FUNCTION auth.uid() FROM PUBLIC;
GRANT ALL ON TABLE public.profiles TO anon;
GRANT SELECT,MAINTAIN ON TABLE private.notes TO service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE supabase_auth_admin IN SCHEMA auth GRANT ALL ON TABLES TO postgres;
ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA public REVOKE ALL ON TABLES FROM anon;
CREATE EVENT TRIGGER pgrst_ddl_watch ON ddl_command_end
   EXECUTE FUNCTION extensions.pgrst_ddl_watch();
ALTER EVENT TRIGGER pgrst_ddl_watch OWNER TO supabase_admin;

--
-- PostgreSQL database dump complete
--

\unrestrict gD3kZ
