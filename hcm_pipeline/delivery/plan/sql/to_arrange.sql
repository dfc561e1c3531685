-- One row: an operation of a plan, with what makes it urgent, and since when its worker waits for it.
-- Makes: person_number, kind, enabled, starts_on, delivered_plan_no, since, failed, refers_to
-- Reads: {differing}, {delivered}, first_planned, {workers}, failures
select operation.person_number, operation.kind, {enabled} as enabled, worker.starts_on,
    coalesce(delivered.plan_no, 0) as delivered_plan_no, coalesce(noted.since, $now) as since,
    failure.person_number is not null as failed, worker.refers_to
from {differing} operation
left join {delivered} delivered on delivered.person_number = operation.person_number
left join first_planned noted on noted.target = $target and noted.person_number = operation.person_number
    and noted.delivered_plan_no = coalesce(delivered.plan_no, 0)
left join {workers} worker on worker.person_number = operation.person_number
left join (select person_number from failures where target = $target and state in ('failed', 'missing')) failure
    on failure.person_number = operation.person_number
