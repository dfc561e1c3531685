-- One row: what a person has let go out that a limit over days had held, and the plan with which that was. A sum of everybody that
-- a person has seen is one of each group, too.
-- Makes: attribute, value, everybody, until
-- Reads: guard_verdicts, manifests, accepted_requests
with plans as (select distinct plan_no as first_no from guard_verdicts where target = $target),
decided as (
    select manifest.plan_no, max(plans.first_no) as first_no
    from manifests manifest join plans on plans.first_no <= manifest.plan_no
    where manifest.target = $target and manifest.held_for = $kind and manifest.plan_no in (select plan_no from accepted_requests)
        and manifest.manifest_id not in (select undoes from manifests
            where undoes is not null and plan_no in (select plan_no from accepted_requests))
    group by 1)
select verdict.attribute, verdict."value", verdict.cohort is null as everybody, max(decided.plan_no) as until
from decided join guard_verdicts verdict on verdict.plan_no = decided.first_no
where verdict.target = $target and verdict.kind = $kind and (verdict.cohort is null or verdict.cohort is not distinct from $cohort)
    and verdict.verdict = 'tripped' and ends_with(verdict."rule", ' days')
group by all
