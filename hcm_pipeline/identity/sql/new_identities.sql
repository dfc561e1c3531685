-- One row: a worker of whom the ledger held nothing, with the names that were allocated.
-- Makes: person_number, user_principal_name, sam_account_name, common_name, mail_nickname, parent_distinguished_name, status, given_on, upn_rule, sam_rule, cn_rule, placed_by, placed_on
-- Reads: {parts}, {user_principal_name}, {sam_account_name}, {common_name}
select part.person_number, upn.name || '@' || part.domain as user_principal_name, sam.name as sam_account_name,
    cn.name as common_name, upn.name as mail_nickname, part.container as parent_distinguished_name, 'given' as status,
    $day::date as given_on, upn.rule as upn_rule, sam.rule as sam_rule, cn.rule as cn_rule, part.placed_by,
    case when part.placed_by is not null then $day::date end as placed_on
from {parts} part
join {user_principal_name} upn using (person_number)
join {sam_account_name} sam using (person_number)
join {common_name} cn using (person_number)
