-- What every owner of contexts uses, as the application's own bookkeeping has it.
insert into public.user_storage_quotas (user_id, total_used_bytes, last_updated)
select user_id, sum(content_size), max(updated_at)
from public.user_contexts
group by user_id
order by user_id
