-- One row: a worker whom a lifecycle workflow would miss, and a reason.
-- Makes: person_number, name, why, date, coming
-- Reads: {context}, operations, manifests, accepted_requests, stale_values
with people as (
    select person_number, coalesce(nullif(trim(concat_ws(' ', coalesce(preferred_name, first_name), last_name)), ''), display_name)
            as name, active, life_stage, manager_external_id, {hire} as hire, {leave} as leave
    from {context}),
sent as (
    select operation.person_number, min(accepted.accepted_at) as first_at
    from operations operation join manifests manifest using (plan_no)
    join accepted_requests accepted using (plan_no, request_no) where manifest.{here} group by 1),
staying as (select person_number, any_value("value") as "value" from stale_values where {here} and attribute = {leave_column}
    group by 1),
dated as (
    select people.*, {hire_moment} as hired, {leave_moment} as left_at, coalesce(sent.first_at, if(life_stage = 'future', null, $now)) as came_at,
        coalesce(life_stage in ('active', 'on_leave', 'grace', 'prehire', 'future'), active) as stays, staying."value" as stale
    from people left join sent on sent.person_number = people.person_number
    left join staying on staying.person_number = people.person_number),
judged as (
    select *, [
        if({has_hire} and stays and hire is null, {no_hire_date}, null),
        if({has_hire} and hire is not null and not regexp_full_match(hire, {form}), {hire_form}, null),
        if({has_hire} and stays and hired < came_at - {catch_up}, {hire_past}, null),
        if({has_leave} and not stays and leave is null, {no_leave_date}, null),
        if({has_leave} and leave is not null and not regexp_full_match(leave, {form}), {leave_form}, null),
        if({has_leave} and leave is null and stale is not null, {leave_stays}, null),
        if(manager_external_id is null and (hired >= $now - {catch_up} or left_at >= $now - {catch_up}), {no_manager}, null)]
        as reasons
    from dated)
select person_number, name, unnest(list_filter(reasons, lambda why: why is not null)) as why, coalesce(hire, leave, stale) as date,
    coalesce(hired >= $now - {catch_up}, false) or coalesce(left_at >= $now - {catch_up}, false)
        or (stays and hire is null) or stale is not null as coming
from judged
