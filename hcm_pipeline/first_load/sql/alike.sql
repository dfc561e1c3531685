-- One row: a worker and an account that nobody says is theirs, and that agree in something.
-- Makes: person_number, object_id, evidence, strength
-- Reads: {workers}, {words}, {accounts}, {claims}, {decided}, {ruled}
with claimed as (select object_id from {claims}),
taken as (select person_number from {claims} union select person_number from {decided}),
worker as (from {workers} where person_number not in (from taken)),
account as (
    select * replace (list_distinct(names || handles) as names)
    from {accounts} where object_id not in (from claimed)),
spoken as (
    select person_number, unnest(first_words) as first_word, last_words
    from {words} where person_number in (select person_number from worker)),
called as (select distinct person_number, first_word, unnest(last_words) as last_word from spoken),
named as (select object_id, unnest(names) as word, names from account),
paired as (select distinct object_id, word as first_word, unnest(names) as last_word from named),
mailed as (select object_id, unnest(addresses) as address from account),
agreed as (
    select person_number, object_id, 'name' as what
    from called join paired using (first_word, last_word) where first_word <> last_word
    union
    select worker.person_number, mailed.object_id, 'mail' from worker join mailed on mailed.address = worker.email
    union
    select worker.person_number, account.object_id, 'number but for zeros or blanks'
    from worker join account on account.bare = worker.bare
    union
    select ruled.person_number, ruled.object_id, ruled.what
    from {ruled} ruled join worker on worker.person_number = ruled.person_number
    join account on account.object_id = ruled.object_id),
managers as (
    select claim.person_number, account.object_id, {folded_dn} as dn, {folded_upn} as upn
    from {claims} claim join {accounts} account using (object_id)),
beside as (
    select distinct agreed.person_number, agreed.object_id, 'manager' as what
    from (select distinct person_number, object_id from agreed) agreed
    join worker on worker.person_number = agreed.person_number
    join account on account.object_id = agreed.object_id
    join managers on managers.person_number = worker.manager
        and (account.manager = managers.object_id or {folded_manager} = managers.dn or {folded_manager} = managers.upn)
    union
    select agreed.person_number, agreed.object_id, unnest(list_filter(
        [if({same_company}, 'company', null), if({same_department}, 'department', null), if({same_country}, 'country', null)],
        lambda what: what is not null))
    from agreed join worker on worker.person_number = agreed.person_number
    join account on account.object_id = agreed.object_id)
select person_number, object_id, list_sort(list_distinct(list(what))) as evidence,
    count(distinct what) filter (what not in ('company', 'department', 'country')) as strength
from (from agreed union all from beside)
group by 1, 2
