-- Notes a change. $1 schema, $2 version, $3 name, $4 sha256
insert into passerelle.schema_migrations (schema, version, name, sha256) values ($1, $2, $3, $4)
