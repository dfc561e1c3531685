-- One row: a worker who is likely back under another person number, with the former numbers that the first rule finds.
-- Makes: person_number, reason, accounts, former
-- Reads: {keys}, {asked}, {formers}, identities
with pairs as (
    select distinct returned.person_number, left_before.person_number as former, returned.rule
    from {keys} returned join {keys} left_before using (rule, key)
    where returned.person_number in (select person_number from {asked})
    and left_before.person_number in (select person_number from {formers})),
best as (from pairs qualify rule = min(rule) over (partition by person_number))
select best.person_number, {likely} as reason, list(ledger.user_principal_name order by former) as accounts,
    list(former order by former) as former
from best join identities ledger on ledger.person_number = best.former
group by 1
