-- One row: an entry, and the operation that its change serves.
-- Makes: log_id, person_number, plan_no, request_no, op_no
-- Reads: {accepted}, {changes}
with epochs as (select person_number, epoch, min(opens_at) as opens_at from {accepted} group by all),
    -- units are the changes, numbered within an epoch
units as (
    select unit.*, epochs.epoch, row_number() over (partition by unit.person_number, epochs.epoch
        order by unit.begins_at, unit.change_id, unit.step) as place
    from (select distinct person_number, change_id, step, begins_at from {changes}) unit
    asof join epochs on unit.person_number = epochs.person_number and unit.begins_at >= epochs.opens_at),
points as (
    select person_number, epoch, begins_at as moment, 1 as is_unit, 0 as plan_no, 0 as request_no, 0 as op_no from units
    union all
    select person_number, epoch, opens_at, 0, plan_no, request_no, op_no
    from (select *, unnest(range(changes)) from {accepted})),
counted as (
    select *, sum(is_unit) over (partition by person_number, epoch
        order by moment, is_unit, plan_no, request_no, op_no rows between unbounded preceding and current row) as units_before
    from points),
placed as (
    select *, row_number() over (partition by person_number, epoch
        order by moment, plan_no, request_no, op_no) as turn
    from counted where is_unit = 0),
    -- an operation is served by the first change after it opened that no operation before it took; unrolled, that is a
    -- running maximum
served as (
    select *, turn + max(units_before + 1 - turn) over (partition by person_number, epoch
        order by turn rows between unbounded preceding and current row) as served_from
    from placed)
select change.log_id, served.person_number, served.plan_no, served.request_no, served.op_no
from units
asof join served on units.person_number = served.person_number and units.epoch = served.epoch
    and units.place >= served.served_from
join {changes} change on change.person_number = units.person_number and change.change_id = units.change_id
    and change.step = units.step
