-- The refused rows of table $2 in run $1.
select source_line, line, sqlstate, reason, constraint_name, column_name
from passerelle_migrate.rejects
where run = $1 and target_table = $2
order by part, line, sqlstate, reason
