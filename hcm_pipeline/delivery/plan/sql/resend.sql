-- One row: a worker whose delivered version goes out again, and why.
-- Makes: person_number, reason
-- Reads: unknown_versions, retry_decisions, job_states, failures, {workers}, delivered, outcomes
with decided as (
    select person_number, max(decided_at) as decided_at from retry_decisions where target = $target group by 1),
stopped as (
    select 1 from job_states where target = $target
    and (state in ('paused', 'quarantine', 'not started') or (state = 'silent' and until > $now))),
referring as (
    select failure.person_number from failures failure
    join {workers} worker on worker.person_number = failure.person_number
    join delivered superior on superior.target = failure.target and superior.person_number = worker.refers_to
    join outcomes outcome
        on (outcome.plan_no, outcome.request_no, outcome.op_no) = (superior.plan_no, superior.request_no, superior.op_no)
    where failure.target = $target and failure.state = 'unresolved'
    and outcome.outcome = 'succeeded' and outcome.logged_at > failure.since)
select person_number, 'the target has another version' as reason from unknown_versions where target = $target
union all
select failure.person_number, case
    when greatest(own.decided_at, everybody.decided_at) > failure.since then 'a person said so'
    when exists (from stopped) then null
    when failure.state = 'missing' and failure.next_try_at <= $now then 'missing'
    when failure.failure_class = $retry and failure.next_try_at <= $now then 'failed'
    when failure.failure_class = $configuration and failure.contract <> $contract then 'the profile has changed'
    when failure.person_number in (from referring) then 'its manager has come' end as reason
from failures failure
left join decided own on own.person_number = failure.person_number
left join decided everybody on everybody.person_number is null
where failure.target = $target and reason is not null
    and failure.person_number not in (select person_number from unknown_versions where target = $target)
