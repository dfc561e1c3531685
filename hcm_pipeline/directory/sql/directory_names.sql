-- One row: a name that an object of a directory holds, in the form in which names are compared.
-- Makes: directory, *, beginning
-- Reads: {present}
with named as (
    select object_id, 'address' as attribute, lower(user_principal_name) as key, kind, {owner} as employee_id from {present}
    union all
    select object_id, 'address', lower(mail), kind, {owner} from {present} where mail is distinct from user_principal_name
    union all
    select object_id, 'address', lower(regexp_replace(address, '^[A-Za-z0-9]+:', '')), kind, owner
    from (select object_id, kind, {owner} as owner, unnest(proxy_addresses) as address from {present})
    where address ilike 'smtp:%' or address not like '%:%'
    union all
    select object_id, 'nickname', lower(mail_nickname), kind, {owner} from {present}
    union all
    select object_id, 'sam', lower(sam_account_name), kind, {owner} from {present}
    union all
    select object_id, 'common_name', lower(coalesce(common_name, {relative_name})) || chr(31) || lower({container}), kind, {owner}
    from {present} where distinguished_name is not null)
select distinct {directory} as directory, *, {beginning} as beginning
from named where key is not null and key <> ''
