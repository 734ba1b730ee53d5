-- Setting `database.owner_role = superuser`: for local development.
alter role postgres superuser;
