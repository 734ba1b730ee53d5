coalesce(
  (
    select string_agg(quote.name, ',')
    from json_object_keys((array_agg(row_to_json("pgrst_page")))[1]) as quote (name)
  ),
  ''
) || chr(10) || coalesce(
  string_agg(substr("pgrst_page"::text, 2, length("pgrst_page"::text) - 2), chr(10)),
  ''
)
