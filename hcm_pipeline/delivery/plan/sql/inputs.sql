-- One row: digests of what a manifest's workers have, independent of order.
-- Makes: names_digest, delivered_digest
-- Reads: {names}, {workers}, delivered
select
    (select bit_xor(digest) from {names} semi join {workers} using (person_number)) as names_digest,
    (select bit_xor(md5_number(concat_ws(chr(31), person_number, plan_no, hex(digest::uhugeint)))) from delivered
        semi join {workers} using (person_number) where target = ?) as delivered_digest
