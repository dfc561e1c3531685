-- One row: a row of an extract that violates the contract or contradicts another one, with every violation.
-- Makes: extract_id, row_no, person_number, violations
-- Reads: {violations}, {contradicting}, {keys}
with found as (
    select extract_id, row_no, "rule", column_name, value_class, "value" from {violations}
    union all
    select extract_id, row_no, 'contradicts_another_row', {heading}, 'repeated person number', person_number from {contradicting})
select found.extract_id, found.row_no, any_value(key.person_number) as person_number,
    list({'rule': "rule", 'column_name': column_name, 'value_class': value_class, 'value': "value"}
        order by "rule", column_name) as violations
from found join {keys} key using (extract_id, row_no)
group by all
