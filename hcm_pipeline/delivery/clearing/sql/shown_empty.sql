-- One row: an open clearing of an attribute that a directory has shown empty since its outcome.
-- Makes: person_number, attribute, read_at
-- Reads: clearings, {shown}, outcomes
select clearing.person_number, clearing.attribute, min(shown.read_at) as read_at
from clearings clearing
join {shown} shown on shown.person_number = clearing.person_number and shown.attribute = clearing.attribute
join outcomes outcome on outcome.plan_no = clearing.plan_no and outcome.request_no = clearing.request_no
    and outcome.op_no = clearing.op_no
where clearing.target = $target and clearing.closed_at is null and outcome.logged_at < shown.read_at
group by all
