-- One row: a worker whom one of several targets is told of, and as what: at home here, moving here, an account beside, or gone from here.
-- Makes: person_number, part
-- Reads: {workers}, {placed}
select placed.person_number,
    case when placed.residence = $here then 'here'
        when placed.assigned = $here and worker.active and not list_contains(placed.enabled, $here) then 'moving'
        when placed.assigned = $here then 'beside'
        -- no account is disabled before another one is known to be there
        when worker.active and list_contains(placed.enabled, $here) and not list_contains(placed.known, placed.residence)
            then 'beside'
        else 'gone' end as part
from {placed} placed
join {workers} worker on worker.person_number = placed.person_number
where placed.residence = $here or list_contains(placed.names, $here)
    or (placed.assigned = $here and placed.residence is not null and worker.active and worker.in_scope)
