-- One row: an attribute that a target is sent, and what becomes of a null of it.
-- Makes: attribute, by_profile, by_service, flow, since, held_as
-- Reads: {columns}, null_flows
select wanted.attribute, wanted.by_profile, kept.by_service, coalesce(kept.by_service, wanted.by_profile) as flow,
    -- nothing was sent before the first plan, so that what it says has always been so
    case when kept.attribute is null then timestamptz '1970-01-01 00:00:00+00'
        when kept.mapped and kept.flow = coalesce(kept.by_service, wanted.by_profile) then kept.since
        else $now::timestamptz end as since,
    kept.held_as
from {columns} wanted
left join null_flows kept on kept.target = $target and kept.attribute = wanted.attribute
