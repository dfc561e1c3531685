"""Workers that matter: those whom the profile's `guards.protected` names, by number, field, name, container or account."""

from __future__ import annotations

from hcm_pipeline.directory import contained_sql, folded_sql, named_sql, protected_sql, same_name_sql
from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import Relation, Scratch, holds_sql, literal, query


def protected_workers(
    t: Scratch, profile: Profile, versions: Relation, ledger: Relation, accounts: Relation
) -> Relation:
    """person_number, valid_from, valid_to (DATE; null: for ever) and has_account (BOOLEAN) of every protected worker.

    `versions`: see `Workforce`; `ledger`: the columns of `identities`; `accounts`: those of `directory_objects`. has_account: an
    account of theirs is known to be there before anything was sent, or no directory was ever read.
    """
    rules = profile.guards.protected
    if not rules:
        return t.empty("protected", PROTECTED)
    numbers = ", ".join(literal(number) for rule in rules for number in rule.person_numbers)
    conditions = [holds_sql(rule.when, on_error=True) for rule in rules if rule.when]
    conditions += [f"person_number in ({numbers})"] if numbers else []
    names = ("split_part(user_principal_name, '@', 1)", "user_principal_name", "sam_account_name", "common_name")
    by_names = f"{named_sql(rules, names)} or {contained_sql(rules, 'parent_distinguished_name')}"
    return t.view(
        "protected",
        query(
            __package__,
            "protected",
            versions=versions,
            ledger=ledger,
            accounts=accounts,
            by_version=" or ".join(conditions) or "false",
            by_names=by_names,
            by_account=protected_sql(rules, "account"),
            same_address=same_name_sql("special.user_principal_name", "ledger.user_principal_name"),
            same_number=same_name_sql("special.employee_id", "ledger.person_number"),
            folded_number=folded_sql("protected.person_number"),
            folded_employee_id=folded_sql("employee_id"),
            same_logon=same_name_sql("special.sam_account_name", "ledger.sam_account_name"),
        ),
    )


PROTECTED = {"person_number": "VARCHAR", "valid_from": "DATE", "valid_to": "DATE", "has_account": "BOOLEAN"}
