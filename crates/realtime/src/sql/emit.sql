-- Says something to the other nodes. The log must be flushed for them to read it, but no standby is waited for.
-- $1 prefix, $2 messages.
select
  pg_catalog.set_config('synchronous_commit', 'local', true),
  (
    select pg_catalog.count(pg_catalog.pg_logical_emit_message(true, $1::text, said.content))
    from pg_catalog.unnest($2::bytea[]) as said (content)
  )
