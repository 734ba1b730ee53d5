-- Factors of user $1 that were begun before $2 and never verified are gone.
delete from auth.mfa_factors where user_id = $1 and status = 'unverified' and created_at < $2
