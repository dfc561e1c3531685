-- One row: a row of a worker of whom there are several, different ones, and the rules choose none.
-- Makes: extract_id, row_no, person_number
-- Reads: {repeats}, {ties}, {undecided}
select one.extract_id, one.row_no, one.person_number
from {repeats} one
where nth = 1 and (
    person_number in (select person_number from {ties})
    or person_number in (select person_number from {undecided})
        and person_number in (select person_number from {repeats} where nth = 1 group by 1 having count(*) > 1))
