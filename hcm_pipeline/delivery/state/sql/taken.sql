-- One row: a worker of whom a version was accepted that no later plan's version has replaced, and the operation of it.
-- Makes: target, plan_no, request_no, op_no, person_number
-- Reads: {fresh}, operations, delivered, planned
select fresh.target, operation.plan_no, operation.request_no, operation.op_no, operation.person_number
from {fresh} fresh join operations operation using (plan_no, request_no)
where not exists (from delivered
    where delivered.target = fresh.target and delivered.person_number = operation.person_number
    and delivered.plan_no > operation.plan_no)
and exists (from planned where planned.plan_no = fresh.plan_no)
qualify row_number() over (partition by fresh.target, operation.person_number order by operation.plan_no desc) = 1
