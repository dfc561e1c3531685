-- One row: so many workers of a group with an operation that was accepted within some days, and with one that is planned as well.
-- Makes: value, attribute, *
-- Reads: {planned}, {sent}, manifests, accepted_requests, {decided}
with event as (
    select person_number, {now} as "value", attribute, null::integer as plan_no, $day::date as date from {planned}
    union all
    select sent.person_number, {then} as "value", sent.attribute, sent.plan_no, manifest.business_date as date
    from {sent} sent
    join manifests manifest on manifest.plan_no = sent.plan_no
    join accepted_requests accepted on accepted.plan_no = sent.plan_no and accepted.request_no = sent.request_no
    {in_group}
    where manifest.target = $target and manifest.held_for is null and manifest.business_date between $since and $day
        and {not_undone}),
undecided as (
    select event.* from event
    left join {decided} decided on decided."value" is not distinct from event."value"
        and decided.attribute is not distinct from event.attribute
    where decided.until is null or event.plan_no is null or event.plan_no > decided.until),
worker as (
    select person_number, "value", attribute, max(date) as last, max(date) filter (plan_no is not null) as last_sent
    from undecided group by person_number, "value", attribute)
select "value", attribute, {counts} from worker group by "value", attribute
