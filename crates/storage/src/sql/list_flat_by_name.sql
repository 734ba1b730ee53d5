  -- By name.
  and ($4::text is null or o.name collate "C" > $4)
order by o.name collate "C"
limit $3::integer
