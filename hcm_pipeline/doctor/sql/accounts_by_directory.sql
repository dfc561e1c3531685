-- One row: one directory that was read, and how its accounts carry person numbers.
-- Makes: directory, users, filled, twice, named, near
-- Reads: directory_objects, identities, worker_versions
with users as (
    select directory, nullif(trim(employee_id), '') as employee_id, lower(user_principal_name) as name
    from directory_objects where kind = 'user' and not deleted
),
shared as (
    select directory, count(*) as twice from (
        select directory, lower(employee_id) as number from users where employee_id is not null group by all having count(*) > 1
    ) group by directory
),
workers as (
    select worker.person_number, lower(identity.user_principal_name) as name
    from worker_versions worker left join identities identity using (person_number)
    where worker.valid_to is null and identity.status is distinct from 'released'
),
named as (
    select users.directory, count(*) as named from users join workers using (name)
    where users.employee_id is null group by all
),
near as (
    select users.directory, count(*) as near
    from users join workers on ltrim(lower(users.employee_id), '0 ') = ltrim(lower(trim(workers.person_number)), '0 ')
    where users.employee_id <> workers.person_number
        and not exists (select 1 from worker_versions exact where exact.person_number = users.employee_id)
    group by all
)
select users.directory, count(*) as users, count(users.employee_id) as filled, coalesce(any_value(shared.twice), 0) as twice,
    coalesce(any_value(named.named), 0) as named, coalesce(any_value(near.near), 0) as near
from users left join shared using (directory) left join named using (directory) left join near using (directory)
group by users.directory order by 1
