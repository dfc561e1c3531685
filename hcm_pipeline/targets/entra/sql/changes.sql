-- One row: an entry that is no twin, with the change that it belongs to.
-- Makes: person_number, log_id, logged_at, status, change_id, follows, step, begins_at
-- Reads: {entries}
with deciding as (
    select entry.person_number, entry.log_id, entry.logged_at, entry.status,
        coalesce(nullif(entry.change_id, ''), entry.log_id) as change_id
    from {entries} entry
    where entry.status in ('success', 'failure', 'skipped', 'warning')
    and not (entry.twin and exists (from {entries} other where other.person_number = entry.person_number
        and other.change_id = entry.change_id and other.change_id <> '' and not other.twin))),
    -- one that follows a failure under the same changeId is the service's own retry of it
stepped as (
    select *, coalesce(lag(status) over (partition by person_number, change_id order by logged_at, log_id) = 'failure', false)
        as follows
    from deciding),
numbered as (
    select *, sum((not follows)::integer) over (partition by person_number, change_id order by logged_at, log_id
        rows between unbounded preceding and current row) as step
    from stepped)
select person_number, log_id, logged_at, status, change_id, follows, step,
    min(logged_at) over (partition by person_number, change_id, step) as begins_at
from numbered
