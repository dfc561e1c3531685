-- One row: an operation that an accepted undo has taken back.
-- Makes: plan_no, person_number
-- Reads: manifests, operations, accepted_requests
select undone.plan_no, operation.person_number
from manifests undo
join manifests undone on undone.manifest_id = undo.undoes
join operations operation on operation.plan_no = undo.plan_no
join accepted_requests accepted on accepted.plan_no = operation.plan_no and accepted.request_no = operation.request_no
where undo.target = $target and undo.undoes is not null
