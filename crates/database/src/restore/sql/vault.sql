-- Secrets that this database's key opens are kept; others were locked elsewhere, and would close the view on all.
do $$
declare
  staged vault.secrets;
begin
  for staged in select * from pg_temp.passerelle_staged loop
    begin
      perform vault._decrypt(staged.secret, staged.id);
      insert into vault.secrets select staged.* on conflict do nothing;
    exception
      -- However it does not open, it is not ours.
      when others then
        null;
    end;
  end loop;
end
$$
