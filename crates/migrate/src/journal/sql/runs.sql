-- Every run, the newest first.
select id, source, plan_digest, state, to_char(started_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS"Z"'),
       to_char(finished_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS"Z"')
from passerelle_migrate.runs
order by started_at desc, id
