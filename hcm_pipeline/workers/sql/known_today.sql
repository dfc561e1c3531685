-- One row: a worker as known with what earlier files of the day say over it.
-- Makes: *, valid_from, enabled, life_stage, as_read
-- Reads: {gathered}, {known}
select said.*, before.valid_from, before.enabled, before.life_stage, null::uuid as as_read
from {gathered} said
left join (select person_number, valid_from, enabled, life_stage from {known}) before using (person_number)
union all by name
select * from {known} where person_number not in (select person_number from {gathered})
