-- One row: the newest date up to which a source was applied without one of its extracts, by itself or by a full extract.
-- Makes: business_date
-- Reads: extracts
select max(business_date) as business_date from extracts
where status not in ('refused', 'stopped') and extract_id <> $extract_id
    and ((business_date < $day and status = 'applied' and (source = $source or content = 'full'))
        or (business_date = $day and content = 'full' and extract_id < $extract_id))
