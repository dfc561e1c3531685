-- One row: an account that is not deleted, with the tier and the workers in question.
-- Makes: object_id, user_principal_name, employee_id, display_name, enabled, mail, distinguished_name, is_protected, tier, orphan, workers
-- Reads: {accounts}, {matched}, {everybody}
with linked as (
    select unnest(accounts) as object_id, person_number, tier from {matched} where tier <> 'none' and len(accounts) > 0),
counted as (
    select object_id, list(person_number order by person_number) as workers,
        min(list_position(['ambiguous', 'number', 'confirmed', 'agreeing'], tier)) as place
    from linked group by 1),
looking as (
    select unnest(accounts) as object_id, person_number from {matched} where tier = 'none'),
resembling as (select object_id, list(person_number order by person_number) as workers from looking group by 1),
known as (select {folded_everybody} as key, any_value(person_number) as person_number from {everybody} group by 1)
select account.object_id, account.user_principal_name, account.employee_id, account.display_name, account.enabled, account.mail,
    account.distinguished_name, account.is_protected, coalesce(['ambiguous', 'number', 'confirmed', 'agreeing'][counted.place], 'none') as tier,
    case when counted.object_id is not null then null
        when account.is_protected then {protected}
        when known.key is not null then {out_of_scope}
        when resembling.object_id is not null then {looks_like}
        when account.key is not null then {unknown_number}
        else {no_number} end as orphan,
    coalesce(counted.workers, resembling.workers, if(known.key is null, null, [known.person_number]), []) as workers
from {accounts} account left join counted on counted.object_id = account.object_id
left join resembling on resembling.object_id = account.object_id
left join known on known.key = account.key
