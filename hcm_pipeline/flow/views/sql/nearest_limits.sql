-- One row: a limit of a target, how often it was looked at and tripped, and the group that came nearest to it.
-- Makes: kind, attribute, cohort, plans, tripped, operations, base, allowed, planned_at, rule, share
-- Reads: guard_verdicts
select kind, attribute, cohort, count(distinct plan_no) as plans, count(distinct plan_no) filter (verdict = 'tripped') as tripped,
    max_by(operations, share) as operations, max_by(base, share) as base, max_by(allowed, share) as allowed,
    max_by(planned_at, share) as planned_at, max_by("rule", share) as "rule", max(share) as share
from (select *, operations / greatest(allowed, 1) as share from guard_verdicts where target = $target)
group by kind, attribute, cohort
order by share desc, plans desc, kind, attribute, cohort
