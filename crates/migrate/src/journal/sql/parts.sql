-- The loaded parts of run $1.
select target_table, part, source_range, rows_read, rows_loaded, rows_quarantined, rows_rejected, bytes, checksum
from passerelle_migrate.parts
where run = $1
order by target_table, part
