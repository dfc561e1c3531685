-- One row: a cell that is held back no more, or by another row from now on.
-- Makes: extract_id, row_no, field
-- Reads: {held}, {now}, {stated}, {extracts}
select distinct held.extract_id, held.row_no, held.field
from {held} held join {extracts} extract using (extract_id)
where held.valid_to is null and (
    (held.person_number is null and list_contains({sources}, extract.source))
    or exists (from {now} now where now.person_number = held.person_number and now.field is not distinct from held.field
        and now.row_key is not distinct from held.row_key)
    or exists (from {stated} stated where stated.person_number = held.person_number and stated.field is not distinct from held.field
        and (stated.is_full or stated.row_key is not distinct from held.row_key)))
