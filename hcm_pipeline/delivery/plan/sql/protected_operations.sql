-- One row: a worker of the plan who is protected, and whose operation disables, enables, renames, moves or reaches otherwise.
-- Makes: person_number
-- Reads: {judged}, {protected}
select distinct judged.person_number
from {judged} judged join {protected} protected on protected.person_number = judged.person_number
where (protected.valid_to is null
    or (protected.valid_from <= judged.delivered_on and protected.valid_to > judged.delivered_on))
and case when judged.known then {harmful} or judged.reaches else protected.has_account end
