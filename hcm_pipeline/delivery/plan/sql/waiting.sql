-- One row: a worker whom a plan has an operation for, and since when they wait for it.
-- Makes: person_number, delivered_plan_no, since
-- Reads: {differing}, {delivered}, first_planned
select operation.person_number, coalesce(delivered.plan_no, 0) as delivered_plan_no, coalesce(noted.since, $now) as since
from {differing} operation
left join {delivered} delivered on delivered.person_number = operation.person_number
left join first_planned noted on noted.target = $target and noted.person_number = operation.person_number
    and noted.delivered_plan_no = coalesce(delivered.plan_no, 0)
