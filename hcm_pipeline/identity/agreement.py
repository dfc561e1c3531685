"""Agreement: whether an account has more in common with a worker than the number by which it was found."""

from __future__ import annotations

from hcm_pipeline.directory import RELATIVE_NAME, folded_sql
from hcm_pipeline.identity.name_parts import PARTICLES
from hcm_pipeline.identity.spelling import spell_columns, spelled_sql, spellings_join
from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import Relation, Scratch, literal, query, quote, scratch

FIRST, LAST = ("first_name", "preferred_name"), ("last_name",)


def agreeing(
    t: Scratch, profile: Profile, candidates: Relation, newcomers: Relation, emails: Relation, accounts: Relation
) -> Relation:
    """person_number and object_id of those candidates (person_number, object_id, tier) whose account agrees with the worker.

    The name has to agree: the last name, or the first one where the account has no other; of an account that was found by its
    employee id the mail address does as well. Names agree in the script in which both are written, and in Latin letters.
    `newcomers`: see `named_sql`; `emails`: person_number, email; `accounts`: the columns of `directory_objects`.
    """
    with scratch(t.con) as own:
        chosen = own.make("chosen", f"from {newcomers} semi join {candidates} using (person_number)")
        particles = ", ".join(map(literal, PARTICLES))
        return t.make(
            "agreeing",
            query(
                __package__, "agreeing", candidates=candidates, accounts=accounts, emails=emails,
                workers=worker_words(own, profile, chosen),
                particles=particles, account_words=ACCOUNT_WORDS, folded_email=folded_sql("trim(worker_mail.email)"),
            ),
        )  # fmt: skip


def worker_words(t: Scratch, profile: Profile, named: Relation) -> Relation:
    """person_number, first_words and last_words (VARCHAR[]) of everybody in `named` (see `named_sql`): as they are written, and as
    they are spelled in Latin letters."""
    out = profile.identity.spelling.written_out
    with scratch(t.con) as own:
        spelled = spell_columns(own, named, [*FIRST, *LAST], out)
        joins = " ".join(
            spellings_join(spelled, f"s_{field}", f"worker.{quote(field)}", "worker.place", out)
            for field in (*FIRST, *LAST)
        )
        first, last = (_words(fields, joined=spelled is not None) for fields in (FIRST, LAST))
        return t.make(
            "worker_words",
            f"""select worker.person_number, {first} as first_words, {last} as last_words
            from {named} worker {joins}""",
        )


def words_sql(text: str) -> str:
    """SQL (VARCHAR[]) for the words of a text as the directories compare them, and with ä written out as ae."""
    plain = f"nfc_normalize(lower({text}))"
    out = f"replace(replace(replace(replace(replace({plain}, 'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'), 'ø', 'oe'), 'ß', 'ss')"
    both = f"concat_ws(' ', {folded_sql(text)}, {folded_sql(out)})"
    return rf"list_distinct(list_filter(regexp_split_to_array({both}, '[^\p{{L}}]+'), lambda word: word <> ''))"


def _words(fields: tuple[str, ...], *, joined: bool) -> str:
    """SQL for the words of a worker's fields, as they are and as they are spelled; `joined`: there are spellings to join."""
    written = ", ".join(
        f"worker.{quote(field)}, {spelled_sql(f'worker.{quote(field)}', f's_{field}' if joined else None)}"
        for field in fields
    )
    return words_sql(f"concat_ws(' ', {written})")


_ACCOUNT_NAMES = f"concat_ws(' ', given_name, surname, display_name, coalesce(common_name, {RELATIVE_NAME}))"
_HANDLES = "concat_ws(' ', split_part(user_principal_name, '@', 1), mail_nickname, sam_account_name)"
_SQUASHED = rf"regexp_replace({folded_sql(_HANDLES)}, '[^\p{{L}}]', '', 'g')"
_ADDRESSES = f"""[{folded_sql("mail")}, {folded_sql("user_principal_name")}] || list_transform(coalesce(proxy_addresses, []),
    lambda address: regexp_replace({folded_sql("address")}, '^smtp:', ''))"""
ACCOUNT_WORDS = f"""{words_sql(_ACCOUNT_NAMES)} as names, {words_sql(_HANDLES)} as handles, {_SQUASHED} as squashed,
    {_ADDRESSES} as addresses"""
"""SQL select list over an account: the words of its names, and of what it is called by; these without signs; its addresses."""
