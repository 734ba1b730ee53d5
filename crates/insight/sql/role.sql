-- Variant B: the role of the reporting tool. Roles are the cluster's: another database may have brought it, just now even.
do $$
begin
  create role insight_ro nologin;
exception
  when duplicate_object or unique_violation then null;
end
$$
