-- One row: at most so many operations of one kind and group that were accepted within some days without having been held.
-- Makes: cohort, value, kind, attribute, counts
-- Reads: plan_counts, manifests, accepted_requests
select counts.cohort, counts."value", counts.kind, counts.attribute, {counts}
from plan_counts counts join manifests manifest on manifest.plan_no = counts.plan_no
where manifest.target = $target and manifest.held_for is null and manifest.business_date between $since and $day
    and counts.plan_no in (select plan_no from accepted_requests)
group by counts.cohort, counts."value", counts.kind, counts.attribute
