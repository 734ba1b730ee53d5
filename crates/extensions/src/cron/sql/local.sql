-- Instants in a time zone. $1 the instants, $2 the zone. column: each as a local time, in the order given
select at at time zone $2
from unnest($1::timestamptz[]) with ordinality as instants (at, position)
order by position
