-- One row: a worker of the plan who is protected, and whose operation disables, enables, renames, moves or reaches otherwise.
-- Makes: person_number
-- Reads: {operations}, {delivered}, manifests, {protected}
select distinct operation.person_number
from {operations} operation
join {protected} protected on protected.person_number = operation.person_number
left join {delivered} account on account.person_number = operation.person_number
left join manifests manifest on manifest.plan_no = account.plan_no
where (protected.valid_to is null
    or (protected.valid_from <= manifest.business_date and protected.valid_to > manifest.business_date))
and case when account.person_number is null then protected.has_account else {harmful} or {changed} end
