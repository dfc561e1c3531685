-- One row: an account that is entered in the ledger as its worker's.
-- Makes: person_number, user_principal_name, sam_account_name, common_name, mail_nickname, parent_distinguished_name, status, given_on, upn_rule, placed_by, sam_rule, cn_rule
-- Reads: {correlated}
select person_number, user_principal_name, sam_account_name, coalesce(common_name, {relative_name}) as common_name,
    coalesce(mail_nickname, split_part(user_principal_name, '@', 1)) as mail_nickname,
    {container} as parent_distinguished_name, 'adopted' as status, $day::date as given_on, 'account' as upn_rule,
    case when {container} is not null then 'account' end as placed_by,
    case when sam_account_name is not null then 'account' end as sam_rule,
    case when coalesce(common_name, {relative_name}) is not null then 'account' end as cn_rule
from {correlated} where reason is null
