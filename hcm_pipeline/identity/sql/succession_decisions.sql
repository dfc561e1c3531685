-- One row: a decision that a worker was here before under another number, and that can be carried out now.
-- Makes: person_number, same_as, decided_by, decided_at
-- Reads: {decisions}, {active}, {workers}, identities, successions
select decision.person_number, decision.same_as, decision.decided_by, decision.decided_at
from {decisions} decision
join {active} active on active.person_number = decision.person_number
join {workers} former on former.person_number = decision.same_as and not former.active
where decision.same_as in (select person_number from identities)
and decision.person_number not in (select successor from successions where person_number = decision.same_as)
qualify row_number() over (partition by decision.same_as order by decision.decided_at, decision.person_number) = 1
order by decision.decided_at, decision.person_number
