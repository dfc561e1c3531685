-- One row: a newcomer and an account that fits by the best rule; `reason` says why a person has to decide, or is null.
-- Makes: person_number, *, reason
-- Reads: {candidates}, {accounts}, {renamed}, {agreeing}, identities
with best as (
    select person_number, object_id, tier from {candidates} qualify tier = min(tier) over (partition by person_number)),
counted as (
    select *, count(*) over (partition by person_number) as accounts_of_worker,
        count(*) over (partition by object_id) as workers_of_account
    from best)
select counted.person_number, account.*,
    case when accounts_of_worker > 1 then {several} when workers_of_account > 1 then {shared}
        when exists (
            from identities ledger where ledger.person_number <> counted.person_number and ledger.status <> 'released'
            and ({same_address} or {same_logon})) then {held}
        when tier > 0 and {is_protected} then {guarded}
        when tier > 0 and not exists (from {agreeing} agreeing where agreeing.person_number = counted.person_number
            and agreeing.object_id = counted.object_id) then {unlike} end as reason
from counted join {accounts} account using (object_id)
where account.kind = 'user' and not account.deleted
and counted.person_number not in (select person_number from identities)
and counted.person_number not in (select person_number from {renamed})
