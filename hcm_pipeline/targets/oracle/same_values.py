"""Whether two texts mean one value: in SQL, as `oracle.phone_parts` says it for phones and letters' case counts nothing in names."""

from __future__ import annotations

from hcm_pipeline.oracle.phone_parts import LEAST_NATIONAL, TWO_DIGITS
from hcm_pipeline.profile import Attribute
from hcm_pipeline.warehouse import literal

PHONES = ("work_phone", "mobile_phone")
_EXTENSION = r"(?i)(?:\bext(?:ension|n)?\b\.?|[x#;])[\s:.=]*(?:ext=)?([0-9]{1,10})\s*$"
_TRUNK = r"\(\s*0\s*\)"


def same_sql(attribute: Attribute, one: str, other: str) -> str:
    """SQL (BOOLEAN, never null): two texts mean the same value of an attribute. Blank is like null."""
    if attribute in PHONES:
        return f"same_phone({one}, {other})"
    return f"(coalesce(lower(trim({one})), '') = coalesce(lower(trim({other})), ''))"


def macros() -> tuple[str, ...]:
    """The statements that make the macros of `same_sql`; a connection needs them once."""
    said = "trim(regexp_replace(coalesce(said, ''), '\\s+', ' ', 'g'))"
    head = f"regexp_replace(regexp_replace({said}, {literal(_EXTENSION)}, ''), {literal(_TRUNK)}, '', 'g')"
    digits = f"regexp_replace({head}, '[^0-9]', '', 'g')"
    plus = f"starts_with(ltrim({head}), '+')"
    two = ", ".join(map(literal, sorted(TWO_DIGITS)))
    return (
        f"""create or replace temp macro phone_of(said) as {{
            'extension': ltrim(regexp_extract({said}, {literal(_EXTENSION)}, 1), '0'),
            'international': {plus} or starts_with({digits}, '00'),
            'digits': case when {plus} then {digits} when starts_with({digits}, '00') then substr({digits}, 3)
                else ltrim({digits}, '0') end,
            'none': {digits} = ''}}""",
        f"""create or replace temp macro phone_country(digits) as case when left(digits, 1) in ('1', '7') then left(digits, 1)
            when left(digits, 2) in ({two}) then left(digits, 2) else left(digits, 3) end""",
        f"""create or replace temp macro same_phones(a, b) as case
            when a.none or b.none then a.none and b.none
            when a.extension <> b.extension then false
            when a.international = b.international then a.digits = b.digits
            when a.international then length(b.digits) >= {LEAST_NATIONAL} and a.digits = phone_country(a.digits) || b.digits
            else length(a.digits) >= {LEAST_NATIONAL} and b.digits = phone_country(b.digits) || a.digits end""",
        "create or replace temp macro same_phone(one, other) as same_phones(phone_of(one), phone_of(other))",
    )
