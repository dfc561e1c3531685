-- One row: an operation that an entry settles, by its newest entry.
-- Makes: plan_no, request_no, op_no, person_number, outcome, action, reference, error_code, reason, advice, log_id, change_id,
--   logged_at, failure_class
-- Reads: {served}, {entries}
select served.plan_no, served.request_no, served.op_no, served.person_number,
    if(status = 'success', 'succeeded', 'failed') as outcome, action, null::varchar as reference, error_code, reason, advice, log_id,
    log_id as change_id, logged_at, {failure_class} as failure_class
from {served} served
join {entries} using (person_number, log_id)
qualify row_number() over (partition by plan_no, request_no, op_no order by logged_at desc, log_id desc) = 1
