-- One row: a value that a group around records gives to all of them.
-- Makes: place, instance, value
-- Reads: {groups}
select
    place,
    instance,
    string_agg(distinct value, $several order by value) as value
from {groups}
group by place, instance
