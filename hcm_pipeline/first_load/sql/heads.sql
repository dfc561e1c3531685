-- One row: a value of a field, and how many workers and accounts have it.
-- Makes: value, workers_active, workers_inactive, matched, accounts_enabled, accounts_disabled, accounts_unknown
-- Reads: {workers}, {accounts}, {matched}
with heads as (
    select {ours} as value, {folded_ours} as key, active, matched.tier in ('number', 'confirmed') as is_matched, true as is_worker
    from {workers} join {matched} matched using (person_number, active)
    union all
    select {theirs}, {folded_theirs}, enabled, false, false from {accounts} where not is_protected)
select min(value order by is_worker desc, value) as value, count(*) filter (is_worker and active) as workers_active,
    count(*) filter (is_worker and not active) as workers_inactive, count(*) filter (is_matched) as matched,
    count(*) filter (not is_worker and active) as accounts_enabled,
    count(*) filter (not is_worker and not active) as accounts_disabled,
    count(*) filter (not is_worker and active is null) as accounts_unknown
from heads group by key order by count(*) desc, value
