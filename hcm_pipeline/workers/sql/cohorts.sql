-- One row: a value of the cohort's field among the known workers of a source who are not absent, with their number and the file's.
-- Makes: known, stated, cohort
-- Reads: {counts}, {known}, {extracts}, {absent}, {in_file}
with among_known as (
    select cohort, sum(n)::bigint as n from (
        select cohort, n from {counts} where field = {told} and source = $source
        union all
        select known.{field}, -count(*)
        from {known} known join {extracts} extract using (extract_id)
        where extract.source = $source and known.person_number in (select person_number from {absent})
        group by 1)
    group by 1 having sum(n) > 0)
select among_known.n as known, coalesce(stated.n, 0) as stated, coalesce(among_known.cohort, '') as cohort
from among_known
left join {in_file} stated on stated.cohort is not distinct from among_known.cohort
order by among_known.n desc, 3
