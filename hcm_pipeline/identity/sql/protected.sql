-- One row: a protected worker, from one date until another, and whether an account of theirs was there before.
-- Makes: person_number, valid_from, valid_to, has_account
-- Reads: {versions}, {ledger}, {accounts}
with people as not materialized (from {accounts} where kind = 'user' and not deleted),
special as (from people account where {by_account}),
protected as (
    select person_number, valid_from, valid_to, false as by_account from {versions} where {by_version}
    union all
    select person_number, date '0001-01-01', null, false from {ledger} where {by_names}
    union all
    select employee_id, date '0001-01-01', null, true from special where employee_id is not null
    union all
    select ledger.person_number, date '0001-01-01', null, true from {ledger} ledger
    join special on {same_address}
    union all
    select ledger.person_number, date '0001-01-01', null, true from {ledger} ledger
    join special on {same_logon}
    union all
    select ledger.person_number, date '0001-01-01', null, true from {ledger} ledger
    join special on special.employee_id <> ledger.person_number and {same_number})
select protected.person_number, protected.valid_from, protected.valid_to,
    by_account or not exists (from {accounts})
    or protected.person_number in (select person_number from {ledger} where status in ('adopted', 'imported'))
    or {folded_number} in (select {folded_employee_id} from people where employee_id is not null) as has_account
from protected
