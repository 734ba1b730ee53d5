-- The names of the time zones, if they are wanted: the view reads files, so it is not cheap.
-- $1 bool: whether they are wanted.
select z.name
from pg_timezone_names z
where (select $1::bool);
