-- One row: a worker whose delivered version need not be compared while its basis is the same.
-- Makes: person_number, basis
-- Reads: {delivered}, {again}, {doubtful}
select person_number, basis
from {delivered}
where person_number not in (select person_number from {again})
    and person_number not in (select person_number from {doubtful})
