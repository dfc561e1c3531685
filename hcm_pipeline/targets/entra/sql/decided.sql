-- One row: an operation with the entry that decides about it, as in the table outcomes.
-- Makes: plan_no, request_no, op_no, person_number, outcome, action, reference, error_code, failure_class, reason, advice, log_id, change_id, logged_at
-- Reads: {served}, {entries}, {changes}, {accepted}, {codes}
with deciding as (
    select served.plan_no, served.request_no, served.op_no, entry.*,
        bool_or(entry.status in ('success', 'warning')) over (partition by served.plan_no, served.request_no, served.op_no)
            as ever
    from {served} served join {entries} entry on entry.log_id = served.log_id
    qualify row_number() over (partition by served.plan_no, served.request_no, served.op_no
        order by entry.logged_at desc, entry.log_id desc) = 1),
twins as (select person_number, change_id, logged_at from {entries} where twin and status = 'success')
select deciding.plan_no, deciding.request_no, deciding.op_no, deciding.person_number,
    case deciding.status when 'failure' then 'failed' when 'skipped' then 'skipped' else 'succeeded' end as outcome,
    deciding.action,
    case when deciding.unresolved then if(exists (from twins where twins.person_number = deciding.person_number
        and twins.logged_at >= deciding.logged_at and (twins.change_id = deciding.change_id or not exists (from {changes} change
            where change.person_number = twins.person_number and change.change_id = twins.change_id))), 'resolved', 'unresolved')
        end as reference,
    deciding.error_code,
    case when deciding.status = 'failure' then coalesce(code.failure_class, $unknown)
        when deciding.status = 'skipped' and deciding.skip <> 'no change' and deciding.error_code = 'ImportSkipped'
            then code.failure_class
        when deciding.status = 'skipped' and (deciding.skip = 'out of scope'
            or deciding.skip = 'unspecified' and operation.kind = 'create' and not deciding.ever) then $skipped
        end as failure_class,
    case when deciding.status = 'skipped' then coalesce(deciding.reason, deciding.skip) else deciding.reason end as reason,
    deciding.advice, deciding.log_id, deciding.change_id, deciding.logged_at
from deciding join {accepted} operation using (plan_no, request_no, op_no)
left join {codes} code on code.error_code = deciding.error_code
