json_build_object(
  'type', 'FeatureCollection',
  'features', coalesce(json_agg(st_asgeojson("pgrst_page")::json), '[]')
)