-- One row: a name that an object of a directory holds, in the form in which names are compared.
-- Makes: directory, object_id, attribute, key, kind, employee_id, beginning
-- Reads: {present}
with named as (
    select object_id, 'address' as attribute, user_principal_name as name, null as place, kind, {owner} as employee_id from {present}
    union all
    select object_id, 'address', mail, null, kind, {owner} from {present} where mail is distinct from user_principal_name
    union all
    select object_id, 'address', regexp_replace(address, '^[A-Za-z0-9]+:', ''), null, kind, owner
    from (select object_id, kind, {owner} as owner, unnest(proxy_addresses) as address from {present})
    where address ilike 'smtp:%' or address not like '%:%'
    union all
    select object_id, 'nickname', mail_nickname, null, kind, {owner} from {present}
    union all
    select object_id, 'sam', sam_account_name, null, kind, {owner} from {present}
    union all
    select object_id, 'common_name', coalesce(common_name, {relative_name}), {container}, kind, {owner}
    from {present} where distinguished_name is not null),
keyed as (
    select object_id, attribute, {folded} || coalesce(chr(31) || {folded_place}, '') as key, kind, employee_id
    from named where name is not null and name <> '')
select distinct {directory} as directory, *, {beginning} as beginning
from keyed where key <> ''
