-- Settings of the server that are not as they should be (spec section 12).
-- columns: name, value now, value wanted
select w.name, current_setting(w.name), w.value
from (values
  ('wal_level', 'logical', 'text'),
  ('max_replication_slots', '10', '5'),
  ('max_wal_senders', '10', '10'),
  ('timezone', 'UTC', 'text'),
  ('password_encryption', 'scram-sha-256', 'text'),
  ('row_security', 'on', 'text')
) as w (name, value, least)
join pg_catalog.pg_settings s on lower(s.name) = w.name
where case when w.least = 'text' then s.reset_val <> w.value else s.setting::int < w.least::int end
union all
select 'max_slot_wal_keep_size', current_setting('max_slot_wal_keep_size'), '4096MB'
where current_setting('max_slot_wal_keep_size') = '-1'
