-- One row: something that the ledger knows of a worker's past, as a row of its CSV file.
-- Makes: person_number, place, moment, user_principal_name, sam_account_name, common_name, mail_nickname, parent_distinguished_name, status
-- Reads: {versions}, former_names, former_places, identities, successions, identity_reviews, identity_decisions, spelling_decisions, {seen}
select person_number, 1 as place, until::varchar as moment,
    max(name) filter (attribute = 'user_principal_name') as user_principal_name,
    max(name) filter (attribute = 'sam_account_name') as sam_account_name, null as common_name, null as mail_nickname,
    null as parent_distinguished_name, 'former until ' || until as status
from (
    select *, row_number() over (partition by person_number, attribute, until order by name) as n
    from former_names where reason = 'renamed')
group by person_number, until, n
union all by name
select person_number, 2 as place, until::varchar as moment, common_name, parent_distinguished_name,
    'moved until ' || until || ', ' || cause as status
from former_places
union all by name
select person_number, 3 as place, 'released on ' || released_on as status
from identities where status = 'released' and released_on is not null
union all by name
select person_number, 4 as place, 'stand-in' as status
from identities where upn_rule = {stands_in} and status <> 'released'
union all by name
select person_number, 5 as place, 'placed by ' || if(placed_by in ({found}), placed_by, 'rule') as status
from identities where if(placed_by in ({found}), placed_by, null) is distinct from {assumed}
union all by name
select person_number, 5 as place, 'given on ' || given_on as status
from identities where given_on > coalesce(
    (select min(valid_from) from {versions} there where there.person_number = identities.person_number), {before})
and not exists (
    from former_names former where former.person_number = identities.person_number and reason = 'renamed'
    and until = given_on)
and not exists (from successions where successor = identities.person_number and taken_on = given_on)
union all by name
select person_number, 6 as place,
    'succeeded by ' || successor || ' on ' || taken_on || ', decided by ' || decided_by || ' at ' || {decided_at} as status
from successions
union all by name
select person_number, 7 as place, {likely} || ' since ' || opened_on as status
from identity_reviews where reason = {likely} and person_number in (select person_number from identities)
union all by name
select person_number, 8 as place, {decided_at} as moment, account as user_principal_name, same_as as common_name,
    'decided about ' || about || ' by ' || decided_by || ' at ' || {decided_at} as status
from identity_decisions
union all by name
select person_number, 9 as place, {decided_at} as moment, "name" as common_name, spelling as mail_nickname,
    'spelled ' || part || ' by ' || decided_by || ' at ' || {decided_at} as status
from spelling_decisions
union all by name
select person_number, 10 as place, {decided_at} as moment, "value" as common_name,
    'seen as written on ' || business_date || ', decided by ' || decided_by || ' at ' || {decided_at} as status
from {seen}
