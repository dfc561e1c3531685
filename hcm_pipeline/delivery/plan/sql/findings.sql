-- One row: a value that the target is known to refuse, and what stands in its place.
-- Makes: person_number, attribute, rule, length, longest, others, meanwhile, value
-- Reads: {breaches}, {has}
with found as (
    select breach.*, has.person_number is null as is_new, {last} as last
    from {breaches} breach left join {has} has on has.person_number = breach.person_number),
decided as (
    select *, case
        when rule = 'is too long' and (mending = {at_all} or mending = {at_first} and is_new) then 'cut'
        when is_new and mending in ({needed}, {at_first}) then 'waits'
        when is_new or last is null or coalesce(longest, 0) > 0 and {last_length} > longest then 'is not sent'
        else 'last value stays' end as meanwhile
    from found)
select person_number, attribute, rule, length, longest, others, meanwhile,
    case meanwhile when 'cut' then {cut} when 'last value stays' then last end as value
from decided
