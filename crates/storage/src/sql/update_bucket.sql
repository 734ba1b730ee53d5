-- Changes a bucket. $1 id, $2 public or NULL to leave it, $3 whether the size limit changes, $4 to what,
-- $5 whether the types change, $6 to what, as a JSON array.
update storage.buckets
set public = coalesce($2::boolean, public),
  file_size_limit = case when $3::boolean then $4::bigint else file_size_limit end,
  allowed_mime_types = case
    when not $5::boolean then allowed_mime_types
    when $6::jsonb is not null then array(select jsonb_array_elements_text($6::jsonb))
  end,
  updated_at = now()
where id = $1
returning id
