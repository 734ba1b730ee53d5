  -- By time, backwards; ties by name.
  and ($4::text is null or (date_trunc('milliseconds', o.updated_at), o.name collate "C") < ($5::timestamptz, $4))
order by date_trunc('milliseconds', o.updated_at) desc, o.name collate "C" desc
limit $3::integer
