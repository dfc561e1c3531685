-- One row: a value that two or more have.
-- Makes: side, value, held_by
-- Reads: {workers}, {accounts}, {matched}
with found as (
    select 1 as place, 'workers' as side, min(person_number) as value, list(person_number order by person_number) as held_by
    from {workers} group by key having count(*) > 1
    union all
    select 2, 'accounts', min(employee_id), list(coalesce(user_principal_name, object_id) order by user_principal_name, object_id)
    from {accounts} where key is not null group by key having count(*) > 1
    union all
    select 3, 'matches', min(coalesce(account.user_principal_name, account.object_id)),
        list(linked.person_number order by linked.person_number)
    from (select unnest(accounts) as object_id, person_number from {matched} where tier <> 'none') linked
    join {accounts} account using (object_id) group by account.object_id having count(*) > 1)
select side, value, held_by from found order by place, value
