-- Challenges from before $1.
delete from auth.mfa_challenges
where id in (select id from auth.mfa_challenges where created_at < $1 limit 100 for update skip locked)
