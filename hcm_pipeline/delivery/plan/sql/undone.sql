-- One row: a version that an undo takes back, to be withheld.
-- Makes: target, person_number, digest, reason, manifest_id, since
-- Reads: delivered, {taken}, manifests, {fresh}
select delivered.target, delivered.person_number, delivered.digest, 'undone' as reason, manifest.manifest_id,
    fresh.accepted_at as since
from delivered
join {taken} taken using (target, person_number)
join manifests manifest on manifest.plan_no = taken.plan_no
join {fresh} fresh on fresh.plan_no = taken.plan_no and fresh.request_no = taken.request_no
where manifest.undoes is not null
