-- One row: a worker whose operations are to be judged: entries about them are new, or an acceptance is.
-- Makes: person_number
-- Reads: {news}, operations, manifests, accepted_requests, outcomes, log_entries
select person_number from {news}
union
    -- and those of whom an acceptance became known after their entries were read
select operation.person_number
from operations operation join manifests manifest using (plan_no)
join accepted_requests acceptance using (plan_no, request_no) anti join outcomes using (plan_no, request_no, op_no)
where manifest.target = $target and exists (from log_entries entry where entry.target = $target
    and entry.person_number = operation.person_number and entry.logged_at >= acceptance.accepted_at - $skew)
