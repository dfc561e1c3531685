-- One row: an operation that a plan would hold.
-- Makes: *, held_for, rest_of, undoes
-- Reads: {differing}, {assigned}, {undone}
select operation.*, assigned.held_for, assigned.rest_of, null::varchar as undoes
from {differing} operation join (select person_number, held_for, rest_of from {assigned}) assigned using (person_number)
union all by name
select *, 'undo' as held_for, null::varchar as rest_of from {undone}
