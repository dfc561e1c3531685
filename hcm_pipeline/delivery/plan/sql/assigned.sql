-- One row: an operation, and the manifest that it belongs to.
-- Makes: person_number, kind, held_for, rest_of
-- Reads: {differing}, {held_back}, {rests}, {undone}
select operation.person_number, operation.kind, held_back.held_for, rests.rest_of
from {differing} operation
left join {held_back} held_back using (person_number)
left join {rests} rests using (person_number)
anti join {undone} undone using (person_number)
