-- The substitute that stands for an extension. $1 extension; columns: schema
select schema from passerelle.substitutes where name = $1
