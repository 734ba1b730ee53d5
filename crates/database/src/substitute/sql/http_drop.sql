drop type if exists @schema@.http_request, @schema@.http_response, @schema@.http_header cascade;
drop domain if exists @schema@.http_method cascade;
drop function if exists @schema@.http_set_curlopt(varchar, varchar), @schema@.http_reset_curlopt(), @schema@.urlencode(varchar)
