-- One row: a worker whom a full extract of their source does not name today, or did not when it last came.
-- Makes: person_number, status
-- Reads: {workers}, {extracts}, {absences}, {unnamed}
with absent as (
    select worker.person_number, extract.source, absence.status, absence.valid_from as since
    from {workers} worker
    join {extracts} extract using (extract_id)
    left join {absences} absence on absence.person_number = worker.person_number and absence.valid_to is null
    where list_contains($sources::varchar[], extract.source) and worker.person_number in (from {unnamed})),
counted as (
    select spell.source, spell.since, count(distinct extract.business_date) + 1 as times
    from (select distinct source, since from absent where since is not null) spell
    join {extracts} extract on extract.source = spell.source and extract.content = 'full' and extract.status = 'applied'
        and extract.business_date >= spell.since and extract.business_date < $day
    group by all)
select person_number, if(status = 'missing' or coalesce(times, 1) >= $after, 'missing', 'absent') as status
from absent left join counted using (source, since)
union all
    -- nothing was heard today of the sources of these
select absence.person_number, absence.status
from {absences} absence
join {workers} worker on worker.person_number = absence.person_number
join {extracts} extract using (extract_id)
where absence.valid_to is null and not list_contains($sources::varchar[], extract.source)
    and absence.person_number in (from {unnamed})
