-- One row: a worker whose last outcome before the reading was not good.
-- Makes: person_number
-- Reads: outcomes, manifests
select outcome.person_number
from outcomes outcome join manifests manifest using (plan_no)
where manifest.target = $target and outcome.logged_at < $since
qualify row_number() over (partition by outcome.person_number order by outcome.logged_at desc, outcome.plan_no desc) = 1
    and outcome.outcome <> 'succeeded'
