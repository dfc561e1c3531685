-- One row: a worker in a request that may or may not have arrived, and the newest such plan.
-- Makes: person_number, plan_no
-- Reads: {unsettled}, manifests, operations
select operation.person_number, max(plan_no) as plan_no
from {unsettled} join manifests using (manifest_id) join operations operation using (plan_no, request_no)
group by 1
