-- How many users still have an old application's hash, by its format.
select substring(encrypted_password from '^\$passerelle\$v=1,k=([a-z0-9-]+)'), count(*)
from auth.users
where encrypted_password like '$passerelle$%'
group by 1
order by 1
