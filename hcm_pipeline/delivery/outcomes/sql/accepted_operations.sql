-- One row: an accepted operation of a touched worker, since when a change can be its own, and how many may be.
-- Makes: person_number, plan_no, request_no, op_no, kind, opens_at, changes, epoch
-- Reads: operations, {touched}, manifests, accepted_requests, outcomes, log_entries, missing_operations
with settled_for_good as (
    -- by entries that are not kept any more: these, and what was accepted before, are not judged again
    select operation.person_number, max(acceptance.accepted_at) as accepted_at
    from operations operation join {touched} using (person_number) join manifests manifest using (plan_no)
    join accepted_requests acceptance using (plan_no, request_no) join outcomes outcome using (plan_no, request_no, op_no)
    where manifest.target = $target
    and not exists (from log_entries entry where entry.target = manifest.target and entry.log_id = outcome.log_id)
    group by 1),
accepted as (
    select operation.person_number, operation.plan_no, operation.request_no, operation.op_no, operation.kind,
        acceptance.accepted_at - $skew as opens_at,
        coalesce(lag(missing.noticed_at) over worker <= acceptance.accepted_at, false) as sent_again,
        if(lead(acceptance.accepted_at) over worker < acceptance.accepted_at + $echo, 1 + acceptance.perhaps, 1) as changes
    from operations operation join {touched} using (person_number) join manifests manifest using (plan_no)
    join accepted_requests acceptance using (plan_no, request_no)
    left join missing_operations missing using (plan_no, request_no, op_no)
    left join settled_for_good on settled_for_good.person_number = operation.person_number
    where manifest.target = $target
    and (settled_for_good.accepted_at is null or acceptance.accepted_at > settled_for_good.accepted_at)
    window worker as (partition by operation.person_number
        order by acceptance.accepted_at, operation.plan_no, operation.request_no, operation.op_no))
    -- an epoch begins where a worker was sent again because the operation before was missing
select person_number, plan_no, request_no, op_no, kind, opens_at, changes,
    sum(sent_again::integer) over (partition by person_number order by opens_at, plan_no, request_no, op_no
        rows between unbounded preceding and current row) as epoch
from accepted
