-- The substitutes that stand, in the order in which they came. columns: name, schema
select name, schema from passerelle.substitutes order by made_at, name
