-- One row: a worker of the plan who has become another one of it, or whom another one has become.
-- Makes: person_number
-- Reads: {judged}
with changed as (
    select person_number, who_now, who_before from {judged} where who_now <> who_before),
taken as (
    select taker.person_number as taker, giver.person_number as giver
    from changed taker join changed giver on giver.who_before = taker.who_now)
select taker as person_number from taken union select giver as person_number from taken
