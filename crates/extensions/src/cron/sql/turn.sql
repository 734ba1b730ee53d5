-- Holds the lead for a transaction, if it is this node's. $1 the leader. column: the last minute dealt with
select last_minute from cron._runner where leader = $1 for update
