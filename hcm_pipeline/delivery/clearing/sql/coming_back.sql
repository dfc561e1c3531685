-- One row: a value that stays in the target and that the next record of its worker can take away.
-- Makes: person_number, attribute, value
-- Reads: clearings, {flows}
select clearing.person_number, clearing.attribute, clearing."value"
from clearings clearing
join {flows} flow on flow.attribute = clearing.attribute
where clearing.target = $target and clearing.closed_at is null and flow.flow <> 'unused'
    and (flow.flow <> 'flows' or flow.since > clearing.sent_at)
    and (flow.flow = 'flows' or list_contains($instead::varchar[], clearing.attribute))
