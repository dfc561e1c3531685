-- One row: a worker who is kept out because of the version that is still the desired one. Whether the target has that version is
-- not known of those who are kept out for what the target knows.
-- Makes: person_number, digest, reason
-- Reads: {withheld}, {desired}, {delivered}
select withheld.person_number, withheld.digest, withheld.reason
from {withheld} withheld
join {desired} desired on desired.person_number = withheld.person_number and desired.digest = withheld.digest
left join {delivered} delivered on delivered.person_number = withheld.person_number
where delivered.digest is distinct from withheld.digest or withheld.reason = 'history'
