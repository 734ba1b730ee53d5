-- Notes a migration. $1 version, $2 name, $3 statements
insert into supabase_migrations.schema_migrations (version, name, statements) values ($1, $2, $3)
