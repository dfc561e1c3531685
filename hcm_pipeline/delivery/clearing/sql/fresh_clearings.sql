-- One row: a value that an accepted record clears.
-- Makes: target, person_number, attribute, value, cleared_at, plan_no, request_no, op_no, sent_at
-- Reads: {sent}, clearings, outcomes, operations, manifests
select $target as target, sent.person_number, sent.attribute, sent.old as "value", sent.accepted_at as cleared_at,
    sent.plan_no, sent.request_no, sent.op_no, sent.accepted_at as sent_at
from {sent} sent
where sent.old is not null and sent.new is null
and not exists (from clearings known where known.target = $target and known.person_number = sent.person_number
    and known.attribute = sent.attribute and known.closed_at is null)
    -- an account that the service could never make has no values
and not (exists (from outcomes failed where failed.plan_no = sent.old_plan_no and failed.request_no = sent.old_request_no
        and failed.op_no = sent.old_op_no and failed.outcome = 'failed')
    and not exists (from operations operation join manifests manifest using (plan_no)
        join outcomes made using (plan_no, request_no, op_no)
        where operation.person_number = sent.person_number and manifest.target = $target and made.outcome = 'succeeded'))
