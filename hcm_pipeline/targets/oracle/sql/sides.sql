-- One row: a worker who is written back, with the values of both sides, and what Entra ID had before. `former` and `written` are
-- what Oracle HCM may still have of Entra ID: the value before the present one, and the one that was written last.
-- Makes: person_number, values
-- Reads: {workers}, {contacts}, {delivered}
with users as (
    from {contacts} where known_to is null and not deleted and employee_id is not null
    qualify count(*) over (partition by employee_id) = 1),
former as (
    select before.object_id, {former}
    from {contacts} before join users on users.object_id = before.object_id
    where before.known_to is not null and not before.deleted
    group by before.object_id)
select worker.person_number, {values}
from {workers} worker
join users on users.employee_id = worker.person_number
left join former on former.object_id = users.object_id
left join {delivered} delivered on delivered.person_number = worker.person_number
