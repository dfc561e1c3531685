-- One row: a row of a worker that another row of theirs has won against.
-- Makes: person_number, extract_id, row_no, digest
-- Reads: {ranked}
select person_number, extract_id, row_no, digest
from {ranked}
where place > 1 and ties = 1
