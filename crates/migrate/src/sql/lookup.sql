-- The mapping's lines for address $1, old id $2 or new id $3; null means not asked.
select old_user_id::text, supabase_user_id, email, status, password_status, source_table
from public.user_id_mapping
where ($1::text is null or lower(email) = lower($1))
  and ($2::text is null or old_user_id::text = $2)
  and ($3::text is null or supabase_user_id::text = lower($3))
order by 1
limit 100
