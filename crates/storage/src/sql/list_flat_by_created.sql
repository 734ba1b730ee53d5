  -- By time; ties by name.
  and ($4::text is null or (date_trunc('milliseconds', o.created_at), o.name collate "C") > ($5::timestamptz, $4))
order by date_trunc('milliseconds', o.created_at), o.name collate "C"
limit $3::integer
