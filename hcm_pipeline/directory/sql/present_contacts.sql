-- One row: a user of Entra ID that an answer was about and that is not gone for good, as it is now.
-- Makes: object_id, employee_id, user_principal_name, mail, work_phone, mobile_phone, enabled, deleted
-- Reads: {folded}, {known}
-- A user of whom only the removal is told and nothing is known is nobody's.
select said.object_id, {merged}, said.removed is not null as deleted
from {folded} said
left join {known} known on known.object_id = said.object_id
where said.removed is null or (said.removed = 'changed' and (said.stated > 0 or known.object_id is not null))
