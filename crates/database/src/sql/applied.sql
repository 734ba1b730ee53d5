-- Changes applied to one schema. $1 schema; columns: version, sha256
select version, sha256 from passerelle.schema_migrations where schema = $1
