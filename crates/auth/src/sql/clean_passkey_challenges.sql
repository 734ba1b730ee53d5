-- Challenges of passkeys that expired before $1.
delete from auth.webauthn_challenges
where id in (select id from auth.webauthn_challenges where expires_at < $1 limit 100 for update skip locked)
