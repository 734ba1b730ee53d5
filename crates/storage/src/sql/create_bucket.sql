-- Makes a bucket. $1 id, $2 name, $3 owner if a UUID, $4 owner, $5 public, $6 size limit, $7 types as a JSON array.
insert into storage.buckets (id, name, owner, owner_id, public, file_size_limit, allowed_mime_types)
values (
  $1, $2, $3::uuid, $4, $5::boolean, $6::bigint,
  case when $7::jsonb is not null then array(select jsonb_array_elements_text($7::jsonb)) end
)
