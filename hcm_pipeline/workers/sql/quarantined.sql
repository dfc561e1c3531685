-- One row: a row of an extract that violates the contract or contradicts another one, with every violation.
-- Makes: extract_id, row_no, person_number, violations, cells, held
-- Reads: {violations}, {keys}
select found.extract_id, found.row_no, any_value(key.person_number) as person_number,
    list({'rule': "rule", 'column_name': column_name, 'value_class': value_class, 'value': "value"}
        order by "rule", column_name) as violations,
    list({'field': field, 'rule': "rule", 'column_name': column_name, 'value_class': value_class, 'value': "value"}
        order by "rule", column_name) as cells,
    if((found.extract_id, found.row_no) in ({whole}), 'row', 'cells') as held
from ({violations}) found join {keys} key using (extract_id, row_no)
group by found.extract_id, found.row_no
