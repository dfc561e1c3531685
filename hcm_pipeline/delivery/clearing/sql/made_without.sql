-- One row: an open clearing of an account that the service made of a record without the value.
-- Makes: person_number, attribute, logged_at
-- Reads: clearings, log_entries, manifests, operations, accepted_requests, sent_requests, outcomes
with made as (
    select clearing.person_number, clearing.attribute, clearing.cleared_at, entry.log_id, entry.logged_at
    from clearings clearing
    join log_entries entry on entry.target = clearing.target and entry.person_number = clearing.person_number
        and entry.action = 'create' and entry.status = 'success' and entry.logged_at >= clearing.cleared_at - $skew::interval
        and not list_contains(list_transform(entry.received, lambda name: lower(regexp_replace(name, '[^A-Za-z0-9]', '', 'g'))),
            lower(regexp_replace(clearing.attribute, '[^A-Za-z0-9]', '', 'g')))
    where clearing.target = $target and clearing.closed_at is null),
sent as (
    select operation.*, least(accepted.accepted_at, doubtful.sent_at) as sent_at, accepted.accepted_at
    from (select distinct person_number from made)
    join operations operation using (person_number)
    join manifests manifest on manifest.plan_no = operation.plan_no and manifest.target = $target
    left join accepted_requests accepted on accepted.plan_no = operation.plan_no and accepted.request_no = operation.request_no
    left join sent_requests doubtful on doubtful.plan_no = operation.plan_no and doubtful.request_no = operation.request_no),
    -- the one record that may have come before it had the value: it is not the one that the entry tells of
alone as (
    select made.person_number, made.attribute from made
    join sent on sent.person_number = made.person_number and sent.sent_at < made.cleared_at
    group by all having count(distinct sent.digest) = 1),
    -- or the entry tells of a record that was sent later
served as (
    select made.person_number, made.attribute, made.log_id from made
    join outcomes outcome on outcome.log_id = made.log_id
    join sent on sent.person_number = made.person_number and sent.plan_no = outcome.plan_no
        and sent.request_no = outcome.request_no and sent.op_no = outcome.op_no and sent.accepted_at >= made.cleared_at)
select person_number, attribute, min(logged_at) as logged_at
from made
where (person_number, attribute) in (from alone) or (person_number, attribute, log_id) in (from served)
group by all
