-- One row: an operation and its place in the order of sending.
-- Makes: person_number, place, steady_place
-- Reads: {urgencies}, {hurried}
select person_number,
    (row_number() over (order by hurried.soonest, hurried.level, person_number)) - 1 as place,
    (row_number() over (order by hurried.calm, hurried.level, person_number)) - 1 as steady_place
from {urgencies} join {hurried} hurried using (i)
