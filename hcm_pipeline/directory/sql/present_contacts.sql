-- One row: a user of Entra ID that an answer was about and that is not gone for good, as it is now.
-- Makes: object_id, merged, deleted
-- Reads: {folded}, {known}
select said.object_id, {merged}, said.removed is not null as deleted
from {folded} said
left join {known} known on known.object_id = said.object_id
where said.removed is null or (said.removed = 'changed' and (said.stated > 0 or known.object_id is not null))
