"""Whether two texts mean one value, in SQL: phones as `oracle.phone_parts` says it, of names and mail no letter's case counts.

A value is compared by its key: of a phone a struct, of anything else a text.
"""

from __future__ import annotations

from hcm_pipeline.oracle import LEAST_NATIONAL, TWO_DIGITS
from hcm_pipeline.profile import Attribute
from hcm_pipeline.warehouse import literal

PHONES = ("work_phone", "mobile_phone")
EXTENSION = r"(?i)(?:\bext(?:ension|n)?\b\.?|[x#;])[\s:.=]*(?:ext=)?([0-9]{1,10})\s*$"
TRUNK = r"\(\s*0\s*\)"


def key_sql(attribute: Attribute, value: str) -> str:
    """SQL for the key of a value (VARCHAR). Blank is like null."""
    if attribute not in PHONES:
        return f"lower(trim(coalesce({value}, '')))"
    said = f"trim(regexp_replace(coalesce({value}, ''), '\\s+', ' ', 'g'))"
    head = f"ltrim(regexp_replace(regexp_replace({said}, {literal(EXTENSION)}, ''), {literal(TRUNK)}, '', 'g'))"
    digits = f"regexp_replace({head}, '[^0-9]', '', 'g')"
    plus = f"starts_with({head}, '+')"
    return f"""{{'extension': ltrim(regexp_extract({said}, {literal(EXTENSION)}, 1), '0'),
        'whole': {plus} or starts_with({digits}, '00'),
        'digits': case when {plus} then {digits} when starts_with({digits}, '00') then substr({digits}, 3)
            else ltrim({digits}, '0') end}}"""


def same_sql(attribute: Attribute, one: str, other: str) -> str:
    """SQL (BOOLEAN, never null) over two keys, which are columns: they are of the same value."""
    if attribute not in PHONES:
        return f"({one} = {other})"
    return f"""(case when {one}.digits = '' or {other}.digits = '' then {one}.digits = {other}.digits
        when {one}.extension <> {other}.extension then false
        when {one}.whole = {other}.whole then {one}.digits = {other}.digits
        when {one}.whole then {_ends_sql(one, other)} else {_ends_sql(other, one)} end)"""


def _ends_sql(whole: str, national: str) -> str:
    two = ", ".join(map(literal, sorted(TWO_DIGITS)))
    one = f"left({whole}.digits, 1) in ('1', '7')"
    country = f"case when {one} then 1 when left({whole}.digits, 2) in ({two}) then 2 else 3 end"
    return (
        f"(length({national}.digits) >= {LEAST_NATIONAL} and substr({whole}.digits, 1 + {country}) = {national}.digits)"
    )
