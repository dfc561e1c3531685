-- One row: a value that an accepted record clears.
-- Makes: target, person_number, attribute, value, cleared_at, plan_no, request_no, op_no, sent_at
-- Reads: {sent}, clearings
select $target as target, sent.person_number, sent.attribute, sent.old as "value", sent.accepted_at as cleared_at,
    sent.plan_no, sent.request_no, sent.op_no, sent.accepted_at as sent_at
from {sent} sent
where sent.old is not null and sent.new is null
and not exists (from clearings known where known.target = $target and known.person_number = sent.person_number
    and known.attribute = sent.attribute and known.closed_at is null)
