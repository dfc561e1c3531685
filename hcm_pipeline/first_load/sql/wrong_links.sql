-- One row: a worker whose newest operation went to an account that seems to be somebody else's.
-- Makes: person_number, name, object_id, user_principal_name, display_name, employee_id, kinds, others, action, change_id, logged_at, read_at, is_protected
-- Reads: {workers}, {words}, {accounts}, {everybody}, log_entries, identities, directory_reads
with told as (
    from log_entries where target = $target and landed_on is not null and status in ('success', 'failure')),
landed as (
    select person_number, lower(landed_on) as object_id, action, change_id, logged_at from told
    qualify row_number() over (partition by person_number order by logged_at desc, log_id desc) = 1),
made as (select distinct person_number, lower(landed_on) as object_id from told where action = 'create' and status = 'success'),
shared as (
    select object_id, list(person_number) as people from landed group by 1 having count(*) > 1),
numbers as (select {folded_everybody} as key, min(person_number) as person_number from {everybody} group by 1),
joined as (
    select landed.*, account.user_principal_name, account.display_name, account.employee_id, account.is_protected, account.directory,
        worker.name, numbers.person_number as owner,
        (select list(ledger.person_number) from identities ledger
            where ledger.person_number <> landed.person_number and ledger.status <> 'released' and {same_name}) as named,
        list_filter(shared.people, lambda one: one <> landed.person_number) as beside,
        made.object_id is null
            and exists (from identities ledger where ledger.person_number = landed.person_number and ledger.status = 'given')
            and not coalesce(list_has_any(spoken.last_words, account.names || account.handles), false)
            and not coalesce(list_contains(account.addresses, worker.email), false) as is_changed
    from landed join {accounts} account on account.object_id = landed.object_id
    left join {workers} worker on worker.person_number = landed.person_number
    left join {words} spoken on spoken.person_number = landed.person_number
    left join numbers on numbers.key = account.key and numbers.key <> {folded_own}
    left join shared on shared.object_id = landed.object_id
    left join made on made.person_number = landed.person_number and made.object_id = landed.object_id),
judged as (
    select *, list_filter([
        if(owner is not null, {other_number}, null), if(len(beside) > 0, {shared}, null), if(len(named) > 0, {other_names}, null),
        if(is_changed, {changed}, null)], lambda kind: kind is not null) as kinds
    from joined)
select person_number, name, object_id, user_principal_name, display_name, employee_id, kinds,
    list_filter([owner] || coalesce(beside, []) || coalesce(named, []), lambda one: one is not null) as others, action, change_id,
    logged_at, (select max(read_at) from directory_reads read where read.directory = judged.directory) as read_at, is_protected
from judged where len(kinds) > 0
order by person_number
