  -- By name, backwards.
  and ($4::text is null or o.name collate "C" < $4)
order by o.name collate "C" desc
limit $3::integer
