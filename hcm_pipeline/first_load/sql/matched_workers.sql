-- One row: a worker in scope, with the tier, the accounts in question and why a person has to look.
-- Makes: person_number, name, active, life_stage, tier, reason, accounts, evidence, decided_by
-- Reads: {workers}, {accounts}, {claims}, {alike}, {decided}, {words}, {sent}, identities
with shared as (select object_id from {claims} group by 1 having count(distinct person_number) > 1),
claimed as (
    select person_number, list(object_id order by object_id) filter (by_number) as numbered,
        list(object_id order by object_id) filter (by_word) as worded,
        bool_or(object_id in (from shared)) as is_shared
    from {claims} group by 1),
strong as (from {alike} where strength > 1),
crowded as (select object_id from strong group by 1 having count(*) > 1),
resembling as (
    select person_number, list(object_id order by object_id) filter (strength > 1) as several,
        list(object_id order by strength desc, object_id) filter (strength = 1) as once,
        bool_or(strength > 1 and object_id in (from crowded)) as is_crowded
    from {alike} group by 1),
twins as (select key from {workers} group by 1 having count(*) > 1),
facts as (
    select worker.person_number, worker.name, worker.active, worker.life_stage, worker.email,
        coalesce(numbered, []) as numbered, coalesce(worded, []) as worded, coalesce(is_shared, false) as is_shared,
        coalesce(several, []) as several, coalesce(once, []) as once, coalesce(is_crowded, false) as is_crowded,
        decided.person_number is not null as is_decided, decided.account, decided.decided_by,
        worker.key in (from twins) as is_twin
    from {workers} worker left join claimed on claimed.person_number = worker.person_number
    left join resembling on resembling.person_number = worker.person_number
    left join {decided} decided on decided.person_number = worker.person_number),
tiered as (
    select *, case
            when is_shared or len(numbered) > 1 or len(worded) > 1 or (len(numbered) > 0 and is_twin) then 'ambiguous'
            when is_decided and len(numbered) = 1 and numbered <> worded then 'ambiguous'
            when len(numbered) = 1 then 'number'
            when len(worded) = 1 then 'confirmed'
            when is_decided then 'none'
            when is_crowded or len(several) > 1 then 'ambiguous'
            when len(several) = 1 then 'agreeing'
            else 'none' end as tier,
        case when len(numbered) + len(worded) > 0 then list_sort(list_distinct(numbered || worded))
            when is_decided then [] when len(several) > 0 then several else once[:10] end as accounts
    from facts),
linked as (
    select tiered.*, account.is_protected, account.key as account_key,
        list_has_any(spoken.last_words, account.names || account.handles)
            or len(list_filter(spoken.last_words, lambda word: length(word) > 2 and contains(account.squashed, word))) > 0
            or (list_has_any(spoken.first_words, account.names || account.handles)
                and len(list_filter(account.names, lambda word: not list_contains(spoken.first_words, word))) = 0)
            or coalesce(list_contains(account.addresses, tiered.email), false) as agrees,
        exists (from identities ledger where ledger.person_number <> tiered.person_number and ledger.status <> 'released'
            and {same_ledger_name}) as is_held,
        tiered.person_number not in (select person_number from {sent}) and exists (
            from identities ledger where ledger.person_number = tiered.person_number and ledger.status <> 'released'
            and not ({same_ledger_name})) as is_renamed
    from tiered left join {accounts} account
        on tiered.tier in ('number', 'confirmed', 'agreeing') and account.object_id = tiered.accounts[1]
    left join {words} spoken on spoken.person_number = tiered.person_number)
select linked.person_number, linked.name, linked.active, linked.life_stage, linked.tier,
    case when linked.is_twin then {twin}
        when linked.tier = 'ambiguous' and (is_shared or (is_crowded and not is_decided)) then {shared}
        when linked.tier = 'ambiguous' and is_decided and len(numbered) = 1 and len(worded) < 2 then {contradicted}
        when linked.tier = 'ambiguous' then {several}
        when linked.tier = 'none' and is_decided and linked.account is not null then {gone}
        when linked.tier = 'none' and not is_decided and len(once) > 0 then {looks}
        when linked.is_held then {held}
        when linked.is_renamed and linked.tier in ('number', 'confirmed') then {renamed}
        when linked.tier = 'confirmed' then {unstamped}
        when linked.tier = 'agreeing' then if(linked.is_protected, {guarded}, {unconfirmed})
        when linked.tier = 'number' and not is_decided then
            case when linked.is_protected then {guarded} when not agrees then {unlike} end end as reason,
    linked.accounts, coalesce(list_filter(
        [if(len(numbered) > 0, 'number', null), if(len(worded) > 0, 'decision', null)],
        lambda what: what is not null), []) || coalesce(resembled.evidence, []) as evidence,
    linked.decided_by
from linked left join {alike} resembled
    on resembled.person_number = linked.person_number and resembled.object_id = linked.accounts[1]
