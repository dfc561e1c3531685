-- One row: a reason for which an undo puts nothing back, and of how many workers.
-- Makes: undoes, why, workers
-- Reads: {states}, {operations}
select states.undoes, coalesce(states.left_out, 'as_before') as why, count(*) as workers
from {states} states anti join {operations} operations using (undoes, person_number)
group by all order by all
