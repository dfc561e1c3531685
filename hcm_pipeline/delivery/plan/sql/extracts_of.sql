-- One row: an extract that the newest version of a manifest's worker comes from.
-- Makes: sha256, source, name, business_date
-- Reads: {extracts}, {workers}, {chosen}
select sha256, source, name, business_date
from {extracts}
where extract_id in (select distinct worker.extract_id from {workers} worker join {chosen} chosen using (person_number))
order by extract_id
