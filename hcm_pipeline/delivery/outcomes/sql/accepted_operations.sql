-- One row: an operation of a touched worker that was accepted, or may have been before another was; since when a change can be its own, and how many.
-- Makes: person_number, plan_no, request_no, op_no, kind, opens_at, changes, epoch
-- Reads: operations, {touched}, manifests, accepted_requests, sent_requests, outcomes, log_entries, missing_operations
with settled_for_good as (
    -- by entries that are not kept any more: these, and what was accepted before, are not judged again
    select operation.person_number, max(acceptance.accepted_at) as accepted_at
    from operations operation join {touched} using (person_number) join manifests manifest using (plan_no)
    join accepted_requests acceptance using (plan_no, request_no) join outcomes outcome using (plan_no, request_no, op_no)
    where manifest.target = $target
    and not exists (from log_entries entry where entry.target = manifest.target and entry.log_id = outcome.log_id)
    group by 1),
known as (
    select operation.*, acceptance.accepted_at, acceptance.perhaps, true as taken
    from operations operation join {touched} using (person_number) join manifests manifest using (plan_no)
    join accepted_requests acceptance using (plan_no, request_no)
    where manifest.target = $target),
    -- a request in doubt counts where another version of the worker was accepted soon after it
doubtful as (
    select operation.*, sent.sent_at as accepted_at, sent.perhaps, false as taken
    from operations operation join {touched} using (person_number) join manifests manifest using (plan_no)
    join sent_requests sent using (plan_no, request_no) anti join accepted_requests using (plan_no, request_no)
    where manifest.target = $target and sent.perhaps > 0
    and exists (from known later where later.person_number = operation.person_number and later.plan_no > operation.plan_no
        and later.digest <> operation.digest and later.accepted_at between sent.sent_at and sent.sent_at + $echo)),
accepted as (
    select operation.person_number, operation.plan_no, operation.request_no, operation.op_no, operation.kind,
        operation.accepted_at - $skew as opens_at,
        coalesce(lag(missing.noticed_at) over worker <= operation.accepted_at, false) as sent_again,
        if(taken, if(lead(operation.accepted_at) over worker < operation.accepted_at + $echo, 1 + perhaps, 1), perhaps) as changes
    from (from known union all from doubtful) operation
    left join missing_operations missing using (plan_no, request_no, op_no)
    left join settled_for_good on settled_for_good.person_number = operation.person_number
    where settled_for_good.accepted_at is null or operation.accepted_at > settled_for_good.accepted_at
    window worker as (partition by operation.person_number
        order by operation.accepted_at, operation.plan_no, operation.request_no, operation.op_no))
    -- an epoch begins where a worker was sent again because the operation before was missing
select person_number, plan_no, request_no, op_no, kind, opens_at, changes,
    sum(sent_again::integer) over (partition by person_number order by opens_at, plan_no, request_no, op_no
        rows between unbounded preceding and current row) as epoch
from accepted
