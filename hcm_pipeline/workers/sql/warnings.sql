-- One row: a worker whose manager is not sent, and why.
-- Makes: person_number, status
-- Reads: {edges}, {people}, {cyclic}
select worker.person_number,
    case when edge.own then 'self' when edge.m is null then 'unknown' else 'cycle' end as status
from {edges} edge
join {people} worker using (i)
where edge.own or edge.m is null or edge.i in (select i from {cyclic})
