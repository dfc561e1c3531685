-- One row: a version that was or may have been sent, and since when an entry can be its own; settled ones are left out.
-- Makes: person_number, opens_at
-- Reads: {attempts}, manifests, operations, outcomes, log_reads, missing_operations, delivered
with last_settled as (
    select settled.person_number, max(settled.plan_no) as plan_no
    from outcomes settled join manifests manifest using (plan_no) where manifest.target = $target group by 1)
select operation.person_number, attempt.opens_at
from {attempts} attempt
join manifests manifest using (manifest_id)
join operations operation on operation.plan_no = manifest.plan_no and operation.request_no = attempt.request_no
left join outcomes outcome on outcome.plan_no = operation.plan_no and outcome.request_no = operation.request_no
    and outcome.op_no = operation.op_no
left join missing_operations missing on missing.plan_no = operation.plan_no and missing.request_no = operation.request_no
    and missing.op_no = operation.op_no
left join delivered newest on newest.target = $target and newest.person_number = operation.person_number
left join last_settled on last_settled.person_number = operation.person_number
where if(outcome.logged_at is not null,
    -- one of several attempts may have its own entry later than that of another
    outcome.logged_at >= $since - if(attempt.attempts > 1, interval 1 day, interval 0 day),
    -- where nobody read the log, what was sent long ago was worked off long ago; else it may wait as long as the job stands still,
    attempt.opens_at >= $since - interval 1 day
        or (attempt.opens_at <= (select max(reading.read_until) from log_reads reading where reading.target = $target)
            -- unless the log speaks of a later one, or it was given up and sent again
            and coalesce(last_settled.plan_no, 0) < operation.plan_no
            and (missing.noticed_at is null or newest.plan_no <= operation.plan_no)))
