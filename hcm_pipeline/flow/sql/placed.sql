-- One row: a worker, the target that the profile's conditions name, and the one where the worker is at home.
-- Makes: person_number, assigned, residence, names, enabled, known
-- Reads: {assigned}, {places}, {delivered}, outcomes
with accounts as (
    -- known: the target's log has told that the version is there
    select account.person_number, place.name, account.active is not distinct from 'true' as is_enabled, account.plan_no,
        coalesce(outcome.outcome = 'succeeded', false) as is_known
    from {delivered} account
    join {places} place on place.target = account.target
    left join outcomes outcome
        on (outcome.plan_no, outcome.request_no, outcome.op_no) = (account.plan_no, account.request_no, account.op_no)),
gathered as (
    select person_number, list("name" order by plan_no, "name") as names,
        coalesce(list("name" order by plan_no, "name") filter (is_enabled), []) as enabled,
        coalesce(list("name" order by plan_no, "name") filter (is_enabled and is_known), []) as known
    from accounts group by 1)
select worker.person_number, worker.assigned,
    case when gathered.names is null then worker.assigned
        when len(gathered.names) = 1 then gathered.names[1]
        when len(gathered.enabled) = 0 and list_contains(gathered.names, worker.assigned) then worker.assigned
        when len(gathered.enabled) = 0 then gathered.names[-1]
        when len(gathered.enabled) = 1 then gathered.enabled[1]
        when list_contains(gathered.known, worker.assigned) then worker.assigned
        else coalesce(gathered.known[1], list_filter(gathered.enabled, lambda one: one <> worker.assigned)[1], gathered.enabled[1])
    end as residence,
    coalesce(gathered.names, []) as names, coalesce(gathered.enabled, []) as enabled, coalesce(gathered.known, []) as known
from {assigned} worker
left join gathered on gathered.person_number = worker.person_number
