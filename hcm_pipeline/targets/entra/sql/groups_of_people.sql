-- One row: a group of people, whether everybody in it has the basis that was delivered, and how many delivered versions it has.
-- Makes: grp, settled, versions
-- Reads: {workers}, {names}, {without_manager}, {same}
select grp, bit_xor(said) = 0 as settled, count(*) filter (is_version) as versions from (
    select {grp} as grp, {of_worker} as said, false as is_version from {workers}
    union all
    select {grp}, {of_names}, false from {names}
    union all
    select {grp}, {of_without}, false from {without_manager}
    union all
    select {grp}, coalesce(basis::uhugeint, 1::uhugeint), true from {same})
group by grp
