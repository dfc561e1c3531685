-- One row: a worker that the target does not have as desired.
-- Makes: *, kind
-- Reads: {desired}, {delivered}, {again}, {doubtful}, {withheld}
select desired.*, {kind} as kind
from {desired} desired
left join {delivered} delivered on delivered.person_number = desired.person_number
left join {again} again on again.person_number = desired.person_number
left join {doubtful} doubtful on doubtful.person_number = desired.person_number
left join {withheld} withheld on withheld.person_number = desired.person_number and withheld.digest = desired.digest
where withheld.person_number is null
    and (delivered.person_number is null or {different} or again.person_number is not null
        or doubtful.plan_no >= delivered.plan_no)
