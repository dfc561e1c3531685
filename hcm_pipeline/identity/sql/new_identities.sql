-- One row: a worker of whom the ledger held nothing, with the names that were allocated.
-- Makes: person_number, user_principal_name, sam_account_name, common_name, mail_nickname, parent_distinguished_name, status, given_on, upn_rule, sam_rule, cn_rule, placed_by, placed_on, upn_key, sam_key, cn_key
-- Reads: {parts}, {upn}, {sam}, {cn}
select part.person_number, {user_principal_name} || '@' || part.domain as user_principal_name,
    {sam_account_name} as sam_account_name, {common_name} as common_name, {user_principal_name} as mail_nickname,
    part.container as parent_distinguished_name, 'given' as status, $day::date as given_on, upn.rule as upn_rule,
    sam.rule as sam_rule, cn.rule as cn_rule, part.placed_by,
    case when part.placed_by is not null then $day::date end as placed_on, upn.key as upn_key,
    sam.key as sam_key, split_part(cn.key, chr(31), 1) as cn_key
from {parts} part
join {upn} upn on upn.part = part.rowid
join {sam} sam on sam.part = part.rowid
join {cn} cn on cn.part = part.rowid
