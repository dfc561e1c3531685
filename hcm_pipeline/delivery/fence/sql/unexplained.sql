-- One row: a change of an account that no version sent by this home explains.
-- Makes: person_number, change_id, begins_at, ends_at
-- Reads: {entries}, {known}, {failing}, {versions}
with changes as (
    select entry.person_number, coalesce(nullif(entry.change_id, ''), entry.log_id) as change_id,
        min(entry.logged_at) as begins_at, max(entry.logged_at) as ends_at,
        arg_max(entry.good, entry.logged_at) as good
    from {entries} entry
    group by all
    having not bool_and(entry.twin)),
    -- the service tries a failure again by itself, under whatever name
news as (
    select change.*, coalesce(lag(change.good) over worker, failing.person_number is null) as after_good
    from changes change
    left join {failing} failing on failing.person_number = change.person_number
    where not exists (from {known} known where known.person_number = change.person_number
        and known.change_id = change.change_id)
    window worker as (partition by change.person_number order by change.begins_at, change.change_id)),
numbered as (
    select *, row_number() over (partition by person_number order by begins_at, change_id) as place
    from news where after_good)
    -- first in, first out: each version explains one change after it
select numbered.person_number, numbered.change_id, numbered.begins_at, numbered.ends_at
from numbered
left join {versions} version on version.person_number = numbered.person_number and version.opens_at <= numbered.begins_at
group by numbered.person_number, numbered.change_id, numbered.begins_at, numbered.ends_at, numbered.place
having numbered.place > count(version.person_number)
