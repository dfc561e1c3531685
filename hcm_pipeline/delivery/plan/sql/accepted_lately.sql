-- One row: so many operations that were accepted without having been held, of one kind.
-- Makes: business_date, value, kind, attribute, operations
-- Reads: {events}, manifests, accepted_requests
select manifest.business_date, {value} as "value", event.kind, {attribute} as attribute, count(*) as operations
from {events} event
join manifests manifest on manifest.plan_no = event.plan_no
join accepted_requests accepted on accepted.plan_no = event.plan_no and accepted.request_no = event.request_no
{in_group}
where manifest.target = $target and manifest.held_for is null and manifest.business_date between $since and $until
    and {not_undone}
group by all
