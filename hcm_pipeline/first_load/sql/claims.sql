-- One row: a worker and an account that the number, or a person, says is theirs.
-- Makes: person_number, object_id, by_number, by_word
-- Reads: {workers}, {accounts}, {decided}
with named as (
    select decided.person_number, account.object_id, lower(account.user_principal_name) = lower(decided.account) as exact
    from {decided} decided join {workers} worker using (person_number)
    join {accounts} account on {same_name}
    union all
    select decided.person_number, account.object_id, true
    from {decided} decided join {workers} worker using (person_number)
    join {accounts} account on account.object_id = lower(decided.account)),
worded as (
    select person_number, object_id from named
    qualify exact or not bool_or(exact) over (partition by person_number))
select person_number, object_id, bool_or(by_number) as by_number, bool_or(not by_number) as by_word
from (
    select worker.person_number, account.object_id, true as by_number
    from {workers} worker join {accounts} account on account.key = worker.key
    union all
    select person_number, object_id, false from worded)
group by 1, 2
