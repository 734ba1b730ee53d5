-- Relay states from before $1.
delete from auth.saml_relay_states
where id in (select id from auth.saml_relay_states where created_at < $1 limit 100 for update skip locked)
