-- One row: a row of a list, the account that it means, and why it cannot be taken (null: it can).
-- Makes: row_no, person_number, user_principal_name, decided_by, rule, parts_from_ledger
-- Reads: {listed}, {workers}, {accounts}, {sent}, identities
with named as (
    select listed.row_no, account.object_id, account.user_principal_name,
        lower(account.user_principal_name) = lower(listed.account) as exact
    from {listed} listed join (select *, {folded_upn} as folded from {accounts}) account on account.folded = {folded_account}
    union all
    select listed.row_no, account.object_id, account.user_principal_name, true
    from {listed} listed join {accounts} account on account.object_id = lower(listed.account)),
chosen as (from named qualify exact or not bool_or(exact) over (partition by row_no)),
counted as (
    select row_no, count(distinct object_id) as accounts, any_value(user_principal_name) as user_principal_name
    from chosen group by 1),
resolved as (
    select listed.row_no, listed.person_number, listed.account, listed.decided_by, counted.accounts, counted.user_principal_name,
        worker.person_number is not null as is_known
    from {listed} listed left join counted using (row_no)
    left join {workers} worker on worker.person_number = listed.person_number),
held as (
    select resolved.*,
        exists (from identities ledger where ledger.person_number <> resolved.person_number and ledger.status <> 'released'
            and {same_name}) as is_held,
        exists (from identities ledger where ledger.person_number = resolved.person_number and ledger.status <> 'released'
            and case when resolved.account is null then ledger.status = 'adopted' else not ({same_name}) end) as parts_from_ledger,
        resolved.person_number in (select person_number from {sent}) as is_sent
    from resolved)
select row_no, person_number, user_principal_name, decided_by,
    case when not is_known then 'unknown_worker'
        when account is not null and accounts is null then 'unknown_account'
        when accounts > 1 then 'several_accounts'
        when account is not null and user_principal_name is null then 'no_name'
        when is_held then 'held'
        when parts_from_ledger and is_sent then 'sent' end as rule,
    parts_from_ledger
from held
