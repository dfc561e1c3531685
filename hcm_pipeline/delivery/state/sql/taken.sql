-- One row: an operation that was accepted, and of whose worker no later plan's version is delivered.
-- Makes: target, plan_no, request_no, op_no, person_number
-- Reads: {fresh}, operations, delivered, planned
select fresh.target, operation.plan_no, operation.request_no, operation.op_no, operation.person_number
from {fresh} fresh join operations operation using (plan_no, request_no)
where not exists (from delivered
    where delivered.target = fresh.target and delivered.person_number = operation.person_number
    and delivered.plan_no > operation.plan_no)
and exists (from planned where planned.plan_no = fresh.plan_no)
