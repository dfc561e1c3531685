-- One row: a row of an extract that is not known as good; one that collapses into its equal is none.
-- Makes: extract_id, row_no, person_number, digest
-- Reads: {keys}, {good}, {contradicting}, {repeats}, {held}
select one.extract_id, one.row_no, one.person_number, one.digest
from {keys} one
where (one.unreadable
        or not (exists (from {good} good where good.person_number = one.person_number and good.digest = one.digest))
        or (one.extract_id, one.row_no) in (select extract_id, row_no from {contradicting})
        or one.person_number in (select person_number from {held} where person_number is not null))
    and (one.extract_id, one.row_no) not in (select extract_id, row_no from {repeats} where nth > 1)
