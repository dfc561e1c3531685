-- One row: an operation of a manifest that is to be undone, with the version to put back, or why nothing is.
-- Makes: undoes, person_number, left_out, put_back
-- Reads: {wanted}, manifests, operations, {delivered}, {before}, {differing}
select wanted.manifest_id as undoes, operation.person_number,
    case when delivered.person_number is null or (delivered.plan_no < manifest.plan_no) then 'never_accepted'
        when delivered.plan_no > manifest.plan_no then 'delivered_since'
        when differing.digest is not null then 'changed_since'
        when before.person_number is null and operation.kind <> 'create' then 'not_kept' end as left_out,
    {put_back}
from {wanted} wanted
join manifests manifest using (manifest_id)
join operations operation using (plan_no)
left join {delivered} delivered on delivered.person_number = operation.person_number
left join {before} before on before.person_number = operation.person_number and before.replaced_by = manifest.plan_no
left join {differing} differing
    on differing.person_number = operation.person_number and differing.digest <> delivered.digest
