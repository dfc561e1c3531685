-- One row: a worker whom a full extract changed on its own business date.
-- Makes: business_date, person_number, source, attributes
-- Reads: changes, worker_versions, extracts
select change.business_date, change.person_number, extract.source, change.attributes
from changes change
join worker_versions version on version.person_number = change.person_number and version.valid_from = change.business_date
join extracts extract on extract.extract_id = version.extract_id and extract.business_date = change.business_date
where change.before_from is not null and change.business_date >= $since and list_contains($sources, extract.source)
order by change.business_date desc, change.person_number
