-- One row: an attribute of a target, with what its service has told of it now.
-- Makes: target, attribute, by_profile, by_service, flow, since, mapped, held_as
-- Reads: null_flows, {said}
select kept.target, kept.attribute, kept.by_profile, said.flow as by_service, coalesce(said.flow, kept.by_profile) as flow,
    if(kept.flow = coalesce(said.flow, kept.by_profile), kept.since, $at::timestamptz) as since, kept.mapped,
    said.held_as
from null_flows kept
left join {said} said on said.attribute = kept.attribute
where kept.target = $target
