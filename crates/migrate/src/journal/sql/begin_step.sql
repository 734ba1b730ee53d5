-- Begins step $2 of run $1 with input digest $3, or counts another attempt; its status and the digest it was done with.
insert into passerelle_migrate.steps (run, step, input_digest, status)
values ($1, $2, $3, 'started')
on conflict (run, step) do update
set attempts = steps.attempts + (steps.status <> 'done')::int,
    input_digest = case when steps.status = 'done' then steps.input_digest else excluded.input_digest end
returning status, input_digest
