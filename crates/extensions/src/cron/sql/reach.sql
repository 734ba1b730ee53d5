-- All minutes up to this one are dealt with. $1 the minute
update cron._runner set last_minute = $1
