-- Flow $1 has been answered; $2 now.
update auth.flow_state set auth_code_issued_at = $2, updated_at = $2 where id = $1
