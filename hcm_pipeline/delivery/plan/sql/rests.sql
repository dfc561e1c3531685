-- One row: an operation that a person has approved in a manifest whose upload has begun, and that is still to be sent.
-- Makes: person_number, rest_of
-- Reads: {differing}, operations, manifests, {undone}
select operation.person_number, min(manifest.manifest_id) as rest_of
from {differing} operation
join operations approved on approved.person_number = operation.person_number and approved.digest = operation.digest
    and approved.kind = operation.kind
join manifests manifest on manifest.plan_no = approved.plan_no and list_contains($begun::varchar[], manifest.manifest_id)
where operation.person_number not in (select person_number from {undone})
group by 1
