-- What makes the queues anew, before their messages. columns: statement
select format('SELECT pgmq.%s(%L);', case when is_unlogged then 'create_unlogged' else 'create' end, queue_name)
from pgmq.meta
order by created_at, queue_name
