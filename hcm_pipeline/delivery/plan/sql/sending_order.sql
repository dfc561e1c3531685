-- One row: an operation and its place in the order of sending.
-- Makes: person_number, place, steady_place
-- Reads: {urgencies}, {places}
select person_number, place, steady_place
from {urgencies} join {places} using (i)
