-- One row: a cell of a row that contradicts another row of its worker.
-- Makes: extract_id, row_no, rule, field, column_name, value_class, value
-- Reads: {contradicting}, {agreed}, {rows}
select extract_id, row_no, 'contradicts_another_row' as "rule", field, {heading} as column_name,
    'repeated person number' as value_class, {value} as "value"
from (
    select one.extract_id, one.row_no,
        unnest(if(agreed.person_number is null, ['person_number'], agreed.torn)) as field
    from {contradicting} one left join {agreed} agreed using (person_number)) torn
join {rows} n using (extract_id, row_no)
