-- One row: the newest date up to which a source was applied without one of its extracts, by itself or by a full extract.
-- Makes: business_date
-- Reads: extracts, quiet_deliveries
select max(applied.business_date) as business_date from (
    select business_date from extracts
    where status not in ('refused', 'stopped') and extract_id <> $extract_id
    and ((business_date < $day and status = 'applied' and (source = $source or content = 'full'))
        or (business_date = $day and content = 'full' and extract_id < $extract_id))
    union all
    select quiet_deliveries.business_date from quiet_deliveries join extracts using (extract_id)
    where extracts.source = $source and quiet_deliveries.business_date < $day) applied
