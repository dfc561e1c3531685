"""Values that the target is known to refuse: found before anything is sent, and put right without costing the account.

The last good value of the attribute stays, where the target has one; a new account gets none, or the value cut, as the target
says. Only what no account can be without keeps a new account waiting.
"""

from __future__ import annotations

from dataclasses import dataclass

from hcm_pipeline.delivery.target import Mending
from hcm_pipeline.warehouse import Relation, Scratch, literal, query, quote

BLANKS = r"[\s,;:/&(-]+$"
"""No cut value ends with these."""


@dataclass(frozen=True)
class Fitted:
    """Versions without what the target would refuse. `findings`: columns as of the table target_findings, without target, and the
    `value` that stands there now; None: there are none. `waiting`: as of `Desired`."""

    versions: Relation
    findings: Relation | None
    waiting: Relation | None


def fit(t: Scratch, versions: Relation, breaches: Relation | None, waiting: Relation | None, has: Relation) -> Fitted:
    """Mend the breaches in versions. A mended version has no basis, for more than that went into it."""
    names = [str(name) for (name,) in t.rows(f"select distinct attribute from {breaches}")] if breaches else []
    if not names:
        return Fitted(versions, None, waiting)
    last = " ".join(f"when {literal(name)} then has.{quote(name)}" for name in names)
    findings = t.make(
        "findings",
        query(__package__, "findings", breaches=f"(select * from {breaches})", has=has, last=f"case attribute {last} end",
              last_length=units_sql("last"), cut=cut_sql("value", "longest"), at_all=literal(Mending.CUT),
              at_first=literal(Mending.CUT_AT_FIRST), needed=literal(Mending.NEEDED)),
    )  # fmt: skip
    values = ", ".join(
        f"if(list_contains(mended.attributes, {literal(name)}), mended.fitted[{literal(name)}], version.{quote(name)})"
        f" as {quote(name)}"
        for name in names
    )
    fitted = t.view(
        "fitted",
        f"""select version.* replace ({values}, if(mended.person_number is null, version.basis, null) as basis)
        from {versions} version left join (
            select person_number, list(attribute) as attributes, map(list(attribute), list(value)) as fitted,
                bool_or(meanwhile = 'waits') as waits
            from {findings} group by 1) mended on mended.person_number = version.person_number
        where mended.waits is distinct from true""",
    )
    also = (
        f"select distinct person_number, attribute || ' ' || rule as reason from {findings} where meanwhile = 'waits'"
    )
    if waiting is not None:
        also = f"select * from {waiting} union all {also}"
    return Fitted(fitted, findings, t.view("waiting", also))


def units_sql(text: str) -> str:
    """SQL for the length of a text in UTF-16 code units, which is what directories count."""
    return f"(length({text}) + length(regexp_replace({text}, '[^\\x{{10000}}-\\x{{10FFFF}}]', '', 'g')))"


def cut_sql(text: str, longest: str) -> str:
    """SQL for the beginning of a text that is longer than `longest`: whole words, and no base letter without its marks."""
    most = f"greatest({longest} - ({units_sql(text)} - length({text})), 1)"  # so many letters have room in any case
    head, behind = f"left({text}, {most})", f"substr({text}, {most} + 1, 1)"
    letters = f"if(regexp_matches({behind}, '\\p{{M}}'), regexp_replace({head}, '.\\p{{M}}*$', ''), {head})"
    words = f"if(regexp_matches({behind}, '\\s'), {head}, regexp_replace({head}, '\\s+\\S*$', ''))"
    tidy = f"nullif(regexp_replace({words}, {literal(BLANKS)}, ''), '')"
    return f"if(regexp_matches({head}, '\\S\\s'), coalesce({tidy}, {letters}), {letters})"


def keep(t: Scratch, target: str, findings: Relation | None) -> None:
    """Enter what was found of a target in the place of what was found before."""
    t.run("delete from target_findings where target = ?", [target])
    if findings is not None:
        t.run(f"insert into target_findings by name select ? as target, * exclude (value) from {findings}", [target])
