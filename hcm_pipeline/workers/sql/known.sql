-- One row: a worker with the facts of the open version; `active` is what the status said, `enabled` what was made of it.
-- Makes: *, active, enabled, life_stage
-- Reads: {versions}
select * exclude (active, status_active, life_stage, next_at, known_from), coalesce(status_active, active) as active,
    active as enabled, life_stage
from {versions} where valid_to is null
