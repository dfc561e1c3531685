-- One row: an accepted operation of a target without an outcome, which is not given up as missing nor overtaken.
-- Makes: plan_no, request_no, op_no, person_number, accepted_at
-- Reads: accepted_requests, manifests, operations, outcomes, missing_operations
select operation.plan_no, operation.request_no, operation.op_no, operation.person_number, acceptance.accepted_at
from accepted_requests acceptance join manifests manifest using (plan_no) join operations operation using (plan_no, request_no)
left join outcomes outcome using (plan_no, request_no, op_no)
left join missing_operations missing using (plan_no, request_no, op_no)
    -- an operation of which the service speaks of a later one for the same worker does not wait: it was overtaken
left join (select settled_in.target, settled.person_number, max(settled.plan_no) as plan_no
    from outcomes settled join manifests settled_in using (plan_no) group by all) last_settled
    on last_settled.target = manifest.target and last_settled.person_number = operation.person_number
where manifest.target = $target and outcome.outcome is null and missing.noticed_at is null
and coalesce(last_settled.plan_no, 0) < operation.plan_no
