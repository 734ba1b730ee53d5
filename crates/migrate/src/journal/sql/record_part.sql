-- Part $3 of table $2 in run $1 is loaded.
insert into passerelle_migrate.parts (run, target_table, part, source_range, rows_read, rows_loaded, rows_quarantined,
  rows_rejected, bytes, checksum)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (run, target_table, part) do update
set source_range = excluded.source_range, rows_read = excluded.rows_read, rows_loaded = excluded.rows_loaded,
    rows_quarantined = excluded.rows_quarantined, rows_rejected = excluded.rows_rejected, bytes = excluded.bytes,
    checksum = excluded.checksum, finished_at = now()
