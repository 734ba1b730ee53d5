-- Whether this database is a stack's of this program.
select to_regnamespace('passerelle') is not null
