-- One row: a cell that a row of a batch holds back, or a row that could not be read.
-- Makes: *, since
-- Reads: {quarantined}, {counted}, {known}, {held}, {rejects}, {torn}
with known_people as (select known.person_number from {known} known semi join {quarantined} bad using (person_number)),
cells as (
    select bad.extract_id, bad.row_no, bad.held, cell.field, cell."rule", cell.column_name, cell.value_class, cell."value",
        if(list_contains(list_transform(bad.cells, lambda one: one.field), 'person_number') and bad.person_number not in
            (select person_number from known_people), null, bad.person_number) as person_number
    from {quarantined} bad, unnest(bad.cells) as cells(cell)),
found as (
    select cells.*, {row_key} as row_key,
        case when cells.held = 'cells' then cells.field in ('active', 'termination_date')
            when cells.person_number is null then coalesce(counted.active is null or {over}, true)
            else cells.person_number in (select person_number from known_people) end as ends
    from cells left join {counted} counted using (extract_id, row_no)
    union all by name
    select reject.extract_id, reject.row_no, torn.person_number, if(torn.person_number is null, 'row', 'cells') as held, "rule",
        column_name, value_class, "rule" <> 'repeated_header' and torn.person_number is null as ends
    from {rejects} reject left join {torn} torn using (extract_id, row_no))
select found.*, coalesce(before.since, $day::date) as since
from found left join (
    select person_number, field, row_key, min(since) as since from {held}
    where valid_to is null and person_number is not null group by all) before
    on before.person_number = found.person_number and before.field = found.field
        and before.row_key is not distinct from found.row_key
