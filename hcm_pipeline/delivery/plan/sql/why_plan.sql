-- One row: all who would be sent again by a plan made now.
-- Makes: workers, reasons, key
-- Reads: {again}, failures
select count(*) as workers,
    string_agg(distinct again.reason, ', ' order by again.reason) as reasons,
    md5(string_agg(concat_ws(' ', again.person_number, again.reason, failure.plan_no, failure.attempts), chr(10)
        order by again.person_number)) as key
from {again} again left join failures failure on failure.target = ? and failure.person_number = again.person_number
