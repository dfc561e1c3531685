-- One row: a group of people in which not everybody has the basis that was delivered.
-- Makes: grp
-- Reads: {workers}, {names}, {without_manager}, {same}
select grp from (
    select {grp} as grp, {of_worker} as said from {workers}
    union all
    select {grp}, {of_names} from {names}
    union all
    select {grp}, {of_without} from {without_manager}
    union all
    select {grp}, coalesce(basis::uhugeint, 1::uhugeint) from {same})
group by grp having bit_xor(said) <> 0
