"""The functions that an expression of a profile may call, by name: those whose value depends on their arguments alone.

It is a list of what is allowed: DuckDB's catalogue grows, and a function that comes later is refused until somebody has looked at
it. `hash` is not in it (another version may give another value), nor is anything that reads the clock, the session, the catalogue
or files, that waits, that fails on purpose, or that makes a value of any size out of a number.
"""

from __future__ import annotations

from collections.abc import Mapping

_TEXT = """
    || ^@ ~~ ~~* !~~ !~~* ~~~ like_escape ilike_escape not_like_escape not_ilike_escape
    ascii bit_length char_length character_length chr concat concat_ws contains damerau_levenshtein editdist3 ends_with format
    hamming instr jaccard jaro_similarity jaro_winkler_similarity lcase left left_grapheme len length length_grapheme levenshtein
    lower lpad ltrim md5 mismatches nfc_normalize octet_length ord overlay position prefix printf regexp_escape regexp_extract
    regexp_extract_all regexp_full_match regexp_matches regexp_replace regexp_split_to_array replace reverse right right_grapheme
    rpad rtrim sha1 sha256 split split_part starts_with str_split str_split_regex string_split string_split_regex string_to_array
    strip_accents strlen strpos substr substring substring_grapheme suffix to_base64 to_hex translate trim ucase unicode upper
    url_decode url_encode
"""
_NUMBERS = """
    + - * / // % ** ^ & | ~ << >> @ abs add bit_count cbrt ceil ceiling divide even exp factorial fdiv floor fmod gcd
    greatest_common_divisor isfinite isinf isnan lcm least_common_multiple ln log log10 log2 mod multiply pi pow power round
    round_even roundbankers sign signbit sqrt subtract trunc xor
"""
_DATES = """
    age century date_add date_diff date_part date_sub date_trunc datediff datepart datesub datetrunc day dayname dayofmonth
    dayofweek dayofyear days_in_month decade epoch epoch_ms epoch_us hour isodow isoyear julian last_day make_date make_time
    make_timestamp microsecond millennium millisecond minute month monthname quarter second strftime strptime time_bucket timezone
    to_centuries to_days to_decades to_hours to_microseconds to_millennia to_milliseconds to_minutes to_months to_quarters
    to_seconds to_timestamp to_weeks to_years try_strptime week weekday weekofyear year yearweek
"""
_CHOICES = "constant_or_null greatest if least nullif typeof"
_LISTS = """
    && <@ @> apply array_append array_apply array_cat array_concat array_contains array_distinct array_extract array_filter
    array_has
    array_has_all array_has_any array_indexof array_intersect array_length array_position array_prepend array_reverse
    array_reverse_sort array_slice array_sort array_to_string array_transform array_unique array_where cardinality element_at
    filter flatten list_any_value list_append list_apply list_cat list_concat list_contains list_count list_distinct list_element
    list_extract list_filter list_first list_has list_has_all list_has_any list_indexof list_intersect list_last list_max list_min
    list_pack list_position list_prepend list_reduce list_reverse list_reverse_sort list_select list_slice list_sort
    list_string_agg list_sum list_transform list_unique list_value list_where list_zip map map_contains map_entries
    map_extract map_extract_value
    map_from_entries map_keys map_values reduce row struct_contains struct_extract struct_has struct_pack array_value
"""
_TEXTS = "|| concat lcase lower ltrim nfc_normalize reverse rtrim strip_accents trim ucase upper"
_ANSWERS = "~~ ~~* !~~ !~~* contains ends_with prefix starts_with suffix"
NEVER_FAIL: Mapping[str, str] = {
    **dict.fromkeys(_TEXTS.split(), "VARCHAR"), **dict.fromkeys(_ANSWERS.split(), "BOOLEAN"), "len": "BIGINT", "length": "BIGINT",
}  # fmt: skip
"""Functions of texts that have a value for every text, and the type of that value."""
FUNCTIONS = frozenset(" ".join((_TEXT, _NUMBERS, _DATES, _CHOICES, _LISTS)).split())
"""Names of functions and operators, in lower case."""
ARGUMENTS: Mapping[str, int] = {"age": 2}
"""Functions that read the clock when they are given fewer arguments than these."""
