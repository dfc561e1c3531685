-- One row: a cell that the row of a worker's version holds back, with file and row of its last good value.
-- Makes: valid_from, sha256, row_no, field, place
-- Reads: worker_versions, extracts, held_cells
with version as (
    select v.valid_from, v.row_no, v.extract_id, e.sha256, e.name
    from worker_versions v join extracts e using (extract_id) where v.person_number = $number),
held as (from held_cells where person_number = $number and held = 'cells')
select version.valid_from, version.sha256, version.row_no, held.field,
    max_by(good.name || ', row ' || good.row_no, good.valid_from) as place
from version join held using (extract_id, row_no) left join (
    select version.*, field from version, (select distinct field from held)
    where (extract_id, row_no, field) not in (select extract_id, row_no, field from held)) good
    on good.field = held.field and good.valid_from < version.valid_from
group by all
