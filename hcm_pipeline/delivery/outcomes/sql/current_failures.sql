-- One row: a touched worker whose last delivered version is not in the target as it should be, as in the table failures.
-- Makes: target, person_number, plan_no, request_no, op_no, state, error_code, failure_class, mend, attempts, since, next_try_at, contract
-- Reads: delivered, {touched}, outcomes, missing_operations, {codes}, retry_decisions, operations, manifests, days
with last as (
    select delivered.target, delivered.person_number, delivered.digest, delivered.plan_no, delivered.request_no,
        delivered.op_no, outcome.error_code,
        case when outcome.outcome = 'failed' then 'failed'
            when outcome.outcome = 'skipped' and outcome.failure_class is not null then 'skipped'
            when outcome.outcome is null and missing.noticed_at is not null then 'missing'
            when outcome.reference = 'unresolved' then 'unresolved' end as state,
        case state when 'missing' then $retry when 'unresolved' then $manager else outcome.failure_class end as failure_class,
        case state when 'missing' then $missing_mend when 'unresolved' then $unresolved_mend
            when 'skipped' then coalesce(code.skip_mend, $skip_mend)
            else coalesce(code.mend, $unknown_mend) end as mend,
        coalesce(outcome.logged_at, missing.noticed_at) as since
    from delivered join {touched} using (person_number)
    left join outcomes outcome using (plan_no, request_no, op_no)
    left join missing_operations missing using (plan_no, request_no, op_no)
    left join {codes} code on code.error_code = outcome.error_code
    where delivered.target = $target),
latest_decision as (
    select person_number, max(decided_at) as decided_at from retry_decisions where target = $target group by 1),
tried as (
    select last.person_number, count(*) as attempts
    from last join operations operation on operation.person_number = last.person_number and operation.digest = last.digest
    join manifests manifest on manifest.plan_no = operation.plan_no and manifest.target = last.target
    left join outcomes outcome on (outcome.plan_no, outcome.request_no, outcome.op_no)
        = (operation.plan_no, operation.request_no, operation.op_no)
    left join missing_operations missing on (missing.plan_no, missing.request_no, missing.op_no)
        = (operation.plan_no, operation.request_no, operation.op_no)
    left join latest_decision about_worker on about_worker.person_number = last.person_number
    left join latest_decision about_all on about_all.person_number is null
    where (outcome.outcome = 'failed' or (outcome.outcome is null and missing.noticed_at is not null))
    and coalesce(outcome.logged_at, missing.noticed_at)
        > coalesce(greatest(about_worker.decided_at, about_all.decided_at), timestamptz '-infinity')
    group by 1)
select last.target, last.person_number, last.plan_no, last.request_no, last.op_no, last.state, last.error_code,
    last.failure_class, last.mend, coalesce(tried.attempts, 0)::integer as attempts, last.since,
    case when last.failure_class = $retry and coalesce(tried.attempts, 0) < $limit
        then last.since + to_seconds(case when last.state = 'missing' and coalesce(tried.attempts, 0) <= 1 then 0 else
            least($longest, $first * pow(2, coalesce(tried.attempts, 1) - if(last.state = 'missing', 2, 1))) end::bigint)
        end as next_try_at,
    (select contract from days where status = 'done' order by business_date desc limit 1) as contract
from last left join tried using (person_number) where last.state is not null
