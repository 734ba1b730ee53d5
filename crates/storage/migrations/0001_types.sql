-- Kinds of buckets. A change of its own, because a value added to an enum can be used only after the
-- transaction that added it.
do $$
begin
  if to_regtype('storage.buckettype') is null then
    create type storage.buckettype as enum ('STANDARD', 'ANALYTICS', 'VECTOR');
  end if;
end
$$;

alter type storage.buckettype add value if not exists 'ANALYTICS';
alter type storage.buckettype add value if not exists 'VECTOR';
