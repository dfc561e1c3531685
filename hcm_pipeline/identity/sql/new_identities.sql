-- One row: a worker of whom the ledger held nothing, with the names that were allocated.
-- Makes: person_number, user_principal_name, sam_account_name, common_name, mail_nickname, parent_distinguished_name, status, given_on, upn_rule, sam_rule, cn_rule, placed_by, placed_on
-- Reads: {parts}, {upn}, {sam}, {cn}
select part.person_number, {user_principal_name} || '@' || part.domain as user_principal_name,
    {sam_account_name} as sam_account_name, {common_name} as common_name, {user_principal_name} as mail_nickname,
    part.container as parent_distinguished_name, 'given' as status, $day::date as given_on,
    coalesce(upn.rule, {first}) as upn_rule, coalesce(sam.rule, {first}) as sam_rule, coalesce(cn.rule, {first}) as cn_rule,
    part.placed_by, case when part.placed_by is not null then $day::date end as placed_on
from {parts} part
left join {upn} upn on upn.part = part.rowid
left join {sam} sam on sam.part = part.rowid
left join {cn} cn on cn.part = part.rowid
where part.user_principal_name is null
