-- One row: a row of an extract that violates the contract or contradicts another one, with every violation.
-- Makes: extract_id, row_no, person_number, violations, cells, held
-- Reads: {violations}, {keys}
select found.extract_id, found.row_no, key.person_number,
    list_transform(found.every, lambda one: {'rule': one."rule", 'column_name': one.column_name, 'value_class': one.value_class,
        'value': one."value"}) as violations,
    list_transform(found.every, lambda one: {'field': one.field, 'rule': one."rule", 'column_name': one.column_name,
        'value_class': one.value_class, 'value': one."value"}) as cells,
    if((found.extract_id, found.row_no) in ({whole}), 'row', 'cells') as held
from (
    -- sorted as they are compared, from the rule on: an ordered aggregate takes five times as long
    select extract_id, row_no, list_sort(list({'rule': "rule", 'column_name': column_name, 'value_class': value_class,
        'value': "value", 'field': field})) as every
    from ({violations}) group by extract_id, row_no) found
join {keys} key using (extract_id, row_no)
