-- One row: a row of an extract that is not known as good; one that collapses into its equal is none.
-- Makes: extract_id, row_no, person_number, digest, as_read
-- Reads: {keys}, {good}, {contradicting}, {repeats}, {held}
with in_question as (
    -- one that is recognised is known as good, and asked about for what is beside it only
    select one.* from {keys} one
    where not one.is_same
        or (one.extract_id, one.row_no) in (select extract_id, row_no from {contradicting})
        or one.person_number in (select person_number from {held} where person_number is not null))
select one.extract_id, one.row_no, one.person_number, one.digest, one.as_read
from in_question one
left join (select person_number, digest, true as is_good from {good}) good using (person_number, digest)
where (one.unreadable
        or good.is_good is null
        or (one.extract_id, one.row_no) in (select extract_id, row_no from {contradicting})
        or one.person_number in (select person_number from {held} where person_number is not null))
    and (one.extract_id, one.row_no) not in (select extract_id, row_no from {repeats} where nth > 1)
