-- One row: a version that was or may have been sent, and since when an entry can be its own; settled ones are left out.
-- Makes: person_number, opens_at
-- Reads: {attempts}, manifests, operations, outcomes, log_reads
select operation.person_number, attempt.opens_at
from {attempts} attempt
join manifests manifest using (manifest_id)
join operations operation on operation.plan_no = manifest.plan_no and operation.request_no = attempt.request_no
left join outcomes outcome on outcome.plan_no = operation.plan_no and outcome.request_no = operation.request_no
    and outcome.op_no = operation.op_no
where if(outcome.logged_at is not null,
    -- one of several attempts may have its own entry later than that of another
    outcome.logged_at >= $since - if(attempt.attempts > 1, interval 1 day, interval 0 day),
    -- where nobody read the log, what was sent long ago was worked off long ago
    attempt.opens_at >= $since - interval 1 day
        or attempt.opens_at <= (select max(reading.read_until) from log_reads reading where reading.target = $target))
