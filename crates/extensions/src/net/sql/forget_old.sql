-- Removes answers that are older. $1 before, $2 how many at most
delete from net._http_response r
using (
  select ctid from net._http_response where created < $1 order by created limit $2
) old
where r.ctid = old.ctid
