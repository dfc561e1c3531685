-- One row: a worker who has a manager: the numbers of both (the manager's null: not known), and whether it is the worker.
-- Makes: i, m, own
-- Reads: {people}
select worker.i as i, manager.i as m, worker.manager = worker.person_number as own
from {people} worker
left join {people} manager on manager.person_number = worker.manager
where worker.manager is not null
