-- One row: a worker of the plan who has become another one of it, or whom another one has become.
-- Makes: person_number
-- Reads: {operations}, {delivered}, manifests, {groups}
with changed as (
    select operation.person_number, {who_now} as who_now, {who_before} as who_before
    from {operations} operation
    join {delivered} account on account.person_number = operation.person_number
    join manifests manifest on manifest.plan_no = account.plan_no
    join {groups} now on now.person_number = operation.person_number and now.valid_to is null
    join {groups} before on before.person_number = operation.person_number
        and before.valid_from <= manifest.business_date
        and (before.valid_to is null or before.valid_to > manifest.business_date)
    where {who_now} <> {who_before}),
taken as (
    select taker.person_number as taker, giver.person_number as giver
    from changed taker join changed giver on giver.who_before = taker.who_now)
select taker as person_number from taken union select giver as person_number from taken
