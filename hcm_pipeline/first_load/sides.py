"""The workers of a first load and the accounts of one reading, in the form in which they are compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hcm_pipeline.directory import folded_sql, protected_sql
from hcm_pipeline.identity import ACCOUNT_WORDS, PARTICLES, Workforce, named_sql, worker_words
from hcm_pipeline.profile import Profile, scope_sql
from hcm_pipeline.warehouse import Relation, Scratch, literal, quote

_BARE = "ltrim(trim({}), '0')"
_NUMBER = "nullif({}, '')"
CARRIED = ("company", "legal_employer", "department", "country", "worker_type")
"""Fields of workers that are compared with an account, or counted by."""


@dataclass(frozen=True)
class People:
    """`workers`: person_number, key (the number as the target compares it), bare (without blanks and leading zeros), name, email,
    manager, active, life_stage, the fields of CARRIED; one row for each worker in scope. `words`: person_number, first_words,
    last_words. `accounts`: of users that are not deleted, the columns of `directory_objects`, key, bare, is_protected, and the
    words and addresses by which it agrees with a name or a mail address.
    """

    workers: Relation
    words: Relation
    accounts: Relation


def people_of(
    t: Scratch, profile: Profile, workforce: Workforce, objects: Relation, directories: Sequence[str]
) -> People:
    """Both sides. `workforce` has a `manager` that is a person number; `objects`: the columns of `directory_objects`."""
    fields = {**dict.fromkeys(CARRIED, "VARCHAR"), **dict.fromkeys(("email", "manager", "display_name"), "VARCHAR")}
    known = t.complete(workforce.workers, fields)
    scoped = t.view("in_scope", f"from {known} where {scope_sql(profile)}")
    number = folded_sql("person_number")
    name = "coalesce(nullif(trim(concat_ws(' ', coalesce(preferred_name, first_name), last_name)), ''), display_name)"
    adopt = {rule.field for rule in profile.identity.adopt}
    compared = ", ".join(
        f"{folded_sql(f'trim({quote(field)}::varchar)')} as {quote('rule_' + field)}" for field in sorted(adopt)
    )
    workers = t.make(
        "workers",
        f"""select person_number, {number} as key, {_BARE.format(number)} as bare, {name} as name,
            {_NUMBER.format(folded_sql("trim(email)"))} as email, manager, coalesce(active, false) as active, life_stage,
            {", ".join(map(quote, CARRIED))}{", " + compared if compared else ""} from {scoped}""",
    )
    named = t.view("named", named_sql(profile, workforce.day, scoped, workforce.versions))
    particles = ", ".join(map(literal, PARTICLES))
    whole = worker_words(t, profile, named)
    words = t.view(
        "words",
        f"""select person_number, first_words,
            list_filter(last_words, lambda word: word not in ({particles})) as last_words from {whole}""",
    )
    employee_id = folded_sql("account.employee_id")
    accounts = t.make(
        "accounts",
        f"""select account.*, {_NUMBER.format(employee_id)} as key, nullif({_BARE.format(employee_id)}, '') as bare,
            {protected_sql(profile.guards.protected, "account")} as is_protected, {ACCOUNT_WORDS}
        from {objects} account where kind = 'user' and not deleted and list_contains(?::varchar[], directory)""",
        [list(directories)],
    )
    return People(workers, words, accounts)
