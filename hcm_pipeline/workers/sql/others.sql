-- One row: a row of a worker that another row of theirs has won against, while neither is in quarantine.
-- Makes: person_number, extract_id, row_no, digest
-- Reads: {ranked}, {quarantined}
select person_number, extract_id, row_no, digest
from {ranked}
where place > 1 and ties = 1
    and (known or (extract_id, row_no) not in (select extract_id, row_no from {quarantined}))
    and person_number not in (
        select person_number from {ranked}
        where place = 1 and (extract_id, row_no) in (select extract_id, row_no from {quarantined}))
