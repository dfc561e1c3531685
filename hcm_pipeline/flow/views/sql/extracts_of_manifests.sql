-- One row: an extract that the workers of a manifest's operations are as it said, and how many of these operations there are.
-- Makes: manifest_id, sha256, source, name, business_date, operations
-- Reads: manifests, operations, worker_versions, extracts
select m.manifest_id, e.sha256, e.source, e.name, e.business_date, count(*) as operations
from manifests m
join operations o using (plan_no)
join worker_versions v on v.person_number = o.person_number
    and v.valid_from <= m.business_date and (v.valid_to is null or v.valid_to > m.business_date)
join extracts e using (extract_id)
where list_contains($manifests, m.manifest_id)
group by all
order by m.manifest_id, e.business_date desc, e.name
