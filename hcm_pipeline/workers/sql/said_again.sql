-- One row: a version of the day that was taken back, and came out of the day's processing the same again.
-- Makes: person_number, known_from
-- Reads: {withdrawn}, {versions}
select withdrawn.person_number, withdrawn.known_from
from {withdrawn} withdrawn
join {versions} version on version.person_number = withdrawn.person_number
    and version.valid_from = withdrawn.valid_from and version.digest = withdrawn.digest
    and version.extract_id = withdrawn.extract_id and version.row_no = withdrawn.row_no
    and version.active = withdrawn.active and version.life_stage = withdrawn.life_stage
where withdrawn.valid_from = $day and not withdrawn.settled
