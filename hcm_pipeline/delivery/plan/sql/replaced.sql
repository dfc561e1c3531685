-- One row: a version that an accepted operation replaces.
-- Makes: *, replaced_by, replaced_at
-- Reads: delivered, {taken}, {fresh}
select delivered.*, taken.plan_no as replaced_by, fresh.accepted_at as replaced_at
from delivered
join {taken} taken using (target, person_number)
join {fresh} fresh on fresh.plan_no = taken.plan_no and fresh.request_no = taken.request_no
