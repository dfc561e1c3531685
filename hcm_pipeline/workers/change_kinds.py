"""The kinds of change: one readable table of rules, of which the first that holds decides.

`before` and `now` say where the worker stood and stands: unknown, waiting (not started yet), here (works here), gone, or one
stage of life by name. `when` is SQL over the version before (`b`) and the version now (`n`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from hcm_pipeline.profile import Profile, WorkerTypes
from hcm_pipeline.warehouse import literal, quote
from hcm_pipeline.workers.lifecycle import HERE, WAITING

DATES = ("hire_date", "termination_date", "status_active")
MOVES = ("worker_type", "legal_employer", "company", "division", "department", "cost_center", "job_code", "job_name",
         "location", "manager", "first_name", "middle_name", "last_name", "preferred_name")  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """One rule. `words` say `when` for people; both are empty where the stages alone decide."""

    kind: str
    before: str
    now: str
    words: str = ""
    when: str = ""

    @property
    def why(self) -> str:
        """The rule in a line, for people."""
        times = {"before": self.before, "now": self.now}
        stands = ", ".join(f"{state} {when}" for when, state in times.items() if state != "any")
        return ": ".join(part for part in (stands, self.words) if part)


_DIFFERS = "n.{0} is distinct from b.{0}"
_LAST_DAY = "if({0}.hire_date is null or {0}.termination_date >= {0}.hire_date, {0}.termination_date, null)"
_BEFORE, _NOW = _LAST_DAY.format("b"), _LAST_DAY.format("n")
RULES = (
    Rule("erasure", "unknown", "erased"),
    Rule("erasure", "any", "erased", "and not before", _DIFFERS.format("life_stage")),
    Rule("future_hire", "unknown", "future"),
    Rule("prehire", "unknown", "prehire"),
    Rule("joiner", "unknown", "here"),
    Rule("no_show", "unknown", "no_show"),
    Rule("former", "unknown", "gone", "they had left before we heard of them"),
    Rule("missing", "any", "missing", "and not before", _DIFFERS.format("life_stage")),
    Rule("found", "missing", "any", "and not still", _DIFFERS.format("life_stage")),
    Rule("rehire", "waiting", "here", "they have worked here before", "worked_before"),
    Rule("joiner", "waiting", "here", "the hire date has come"),
    Rule("no_show", "waiting", "gone", "the hire was cancelled"),
    Rule("future_hire", "any", "future", "a hire date ahead, or put off: still beyond the pre-hire window",
         _DIFFERS.format("life_stage")),
    Rule("prehire", "any", "prehire", "a hire date ahead, or put off: within the pre-hire window",
         _DIFFERS.format("life_stage")),
    Rule("joiner", "no_show", "here", "the hire was not cancelled after all"),
    Rule("leaver", "here", "gone", "no relationship is active any more"),
    Rule("rehire", "gone", "here", "the hire date is later than the last day or, where there is none, than the hire date before",
         f"n.hire_date > coalesce({_BEFORE}, b.hire_date)"),
    Rule("reversed_termination", "gone", "here", "the exit was taken back"),
    Rule("offboarding", "gone", "gone", "the stage is another one: the days of grace are over, a step has come",
         _DIFFERS.format("life_stage")),
    Rule("leave", "active", "on_leave"),
    Rule("return_from_leave", "on_leave", "active"),
    Rule("left_scope", "any", "any", "the profile gives no account any more", "b.in_scope and not n.in_scope"),
    Rule("entered_scope", "any", "any", "the profile gives an account, and did not", "n.in_scope and not b.in_scope"),
    Rule("pending_hired", "any", "any", "a pending worker has become an employee, contingent or non-worker",
         "{class_b} = 'pending' and {class_n} <> 'pending'"),
    Rule("conversion", "any", "any", "employee, contingent worker, non-worker: the class of the worker type is another one",
         "{class_b} <> {class_n}"),
    Rule("global_transfer", "any", "any", "the legal employer differs, and with it the hire date or the country",
         f"{_DIFFERS.format('legal_employer')} and ({_DIFFERS.format('hire_date')} or {_DIFFERS.format('country')})"),
    Rule("future_leaver", "here", "here", "a last day is known, and was not before",
         f"{_BEFORE} is null and {_NOW} is not null and {{same_row}}"),
    Rule("reversed_termination", "here", "here", "the last day was taken back",
         f"{_BEFORE} is not null and {_NOW} is null and {{same_row}}"),
    Rule("correction", "any", "any", "only dates differ, or the status without effect", "{only_dates}"),
    Rule("mover", "any", "any", "assignment, place, manager, employer or name differs", "{moves}"),
    Rule("update", "any", "any", "anything else: phone, address"),
)  # fmt: skip
KINDS = tuple(dict.fromkeys(rule.kind for rule in RULES))


def attributes_sql(fields: list[str], before: str, now: str) -> str:
    """SQL (VARCHAR[]) naming the fields in which two rows differ, in the given order.

    The status of HR is named where the account does not follow it.
    """
    tests = [f"case when {now}.{quote(f)} is distinct from {before}.{quote(f)} then {literal(f)} end" for f in fields]
    tests.append(f"""case when {now}.status_active is distinct from {before}.status_active
        and {now}.active is not distinct from {before}.active then 'status_active' end""")
    tests.append(f"case when {now}.life_stage is distinct from {before}.life_stage then 'life_stage' end")
    return f"list_filter([{', '.join(tests)}], lambda name: name is not null)"


def kind_sql(
    profile: Profile, attributes: str, before: str, now: str, label: Callable[[Rule], str] = lambda rule: rule.kind
) -> str:
    """SQL (VARCHAR) for the kind of a change of a known worker, or another label of the rule that decides. It reads the column
    `worked_before` (BOOLEAN: they worked here earlier), and `in_scope` of each side (the profile gives an account)."""
    dates, moves = (f"[{', '.join(map(literal, names))}]" for names in (DATES, MOVES))
    phrases = {
        "{same_row}": " and ".join(
            f"{now}.{quote(key)} is not distinct from {before}.{quote(key)}" for key in profile.workers.row_key
        )
        or "true",
        "{only_dates}": f"list_has_all({dates}, {attributes})",
        "{moves}": f"list_has_any({moves}, {attributes})",
        "{class_b}": _class_sql(profile.workers.types, f"{before}.worker_type"),
        "{class_n}": _class_sql(profile.workers.types, f"{now}.worker_type"),
    }
    sides = {"b": before, "n": now}
    cases = []
    for rule in RULES:
        if rule.before == "unknown":
            continue
        condition = re.sub(r"\b([bn])\.", lambda found: f"{sides[found[1]]}.", rule.when) or "true"
        for phrase, sql in phrases.items():
            condition = condition.replace(phrase, sql)
        stands = [_stands(rule.before, f"{before}.life_stage"), _stands(rule.now, f"{now}.life_stage")]
        cases.append(f"when {' and '.join(stands)} and ({condition}) then {literal(label(rule))}")
    return f"case {' '.join(cases)} end"


def first_kind_sql(stage: str, label: Callable[[Rule], str] = lambda rule: rule.kind) -> str:
    """SQL (VARCHAR) for the kind of a worker who was not known before, by the stage of life."""
    rules = [rule for rule in RULES if rule.before == "unknown"]
    return f"case {' '.join(f'when {_stands(r.now, stage)} then {literal(label(r))}' for r in rules)} end"


def _stands(where: str, stage: str) -> str:
    waiting, here = (f"{stage} in ({', '.join(map(literal, stages))})" for stages in (WAITING, HERE))
    known = {"any": "true", "waiting": waiting, "here": here, "gone": f"not ({waiting} or {here})"}
    return known.get(where, f"{stage} = {literal(where)}")


def _class_sql(types: WorkerTypes, value: str) -> str:
    cases = " ".join(
        f"when lower({value}) in ({', '.join(literal(word.lower()) for word in words)}) then {literal(name)}"
        for name, words in types
        if words
    )
    return f"case {cases} end" if cases else "null"
