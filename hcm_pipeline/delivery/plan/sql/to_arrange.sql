-- One row: an operation of a plan, with what makes it urgent.
-- Makes: person_number, kind, enabled, starts_on, since, failed, refers_to
-- Reads: {differing}, first_planned, {workers}, failures
select operation.person_number, operation.kind, {enabled} as enabled, worker.starts_on, noted.since,
    failure.person_number is not null as failed, worker.refers_to
from {differing} operation
join first_planned noted on noted.target = $target and noted.person_number = operation.person_number
left join {workers} worker on worker.person_number = operation.person_number
left join (select person_number from failures where target = $target and state in ('failed', 'missing')) failure
    on failure.person_number = operation.person_number
