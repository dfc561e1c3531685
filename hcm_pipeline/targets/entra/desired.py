"""Desired state: the SCIM user that every worker in scope should be, as relations in the warehouse."""

from __future__ import annotations

from collections.abc import Mapping as Named

from hcm_pipeline.delivery import Desired, Mending, units_sql
from hcm_pipeline.directory import folded_sql, key_sql
from hcm_pipeline.profile import IDENTITY_COLUMNS, Profile, fallible
from hcm_pipeline.targets.entra.attribute_rules import Ruled
from hcm_pipeline.targets.entra.basis import Basis, Sides, Unsettled, fingerprint, unsettled
from hcm_pipeline.targets.entra.scim_mapping import Leaf, Mapping, carriers
from hcm_pipeline.warehouse import NO_TEXT, Relation, Scratch, alone_sql, fails_sql, literal, quote

OWN_FORM = "[0-9a-z_.@:-]*"
"""Texts that are their own form when they are compared (see `folded_sql`)."""


def desired(
    t: Scratch, profile: Profile, mapping: Mapping, rules: tuple[Ruled, ...], facts: Named[str, Relation],
    delivered: Relation, same: Relation,
) -> Desired:  # fmt: skip
    """The SCIM user of every worker in scope and, where the profile disables those who leave it, of everybody ever delivered.

    `facts` are `workers` (the open versions: every worker field, digest and in_scope), `names` (person_number, the ledger's columns
    and proxy_addresses of everybody who has names) and `without_manager` (person_number: the manager may not be sent).
    `delivered` and `same` as of `Target.desired`; `rules`: see `ruled`. Where HR takes values from the directory, `there`
    (person_number, field) says which workers have theirs as the directory has it; where there are several targets, `unplaced`
    (person_number, reason) says of whom nobody can tell which is meant.
    """
    context = context_of(t, profile, facts, delivered)
    basis = Basis.of(profile, mapping, rules)
    workers = t.view("workers_with_account", _in_scope_sql(profile, facts["workers"], delivered))
    unsure, unlike, judged = None, None, context
    if t.first(f"select 1 from {same} limit 1"):
        unsure = unsettled(t, basis, Sides(workers, facts["names"], facts["without_manager"], same))
        unlike = _unlike(t, profile, facts, delivered, basis, same, unsure)
        judged = t.view("context_of_unlike", _context_sql(profile, facts, delivered, among=unlike))
    return Desired(
        waiting=_either(t, failing(t, profile, mapping, context), facts.get("unplaced")),
        everybody=t.view("everybody", _everybody_sql(workers, facts["names"], unsure)),
        settled=unsure.settled if unsure else 0,
        versions=t.view("scim_users", _versions_sql(profile, mapping, judged, basis.sql)),
        # values that the directory told stand in no basis
        breaches=breaches(
            t, rules, context, judged if facts.get("there") is None else context, numbered=facts["workers"]
        ),
        there=_there(t, mapping, facts.get("there")),
        among=unlike,
    )


def _either(t: Scratch, failing: Relation | None, unplaced: Relation | None) -> Relation | None:
    if failing is None or unplaced is None:
        return failing if unplaced is None else unplaced
    return t.view("waiting", f"from {failing} union all from {unplaced}")


def _unlike(
    t: Scratch, profile: Profile, facts: Named[str, Relation], delivered: Relation, basis: Basis, same: Relation,
    unsure: Unsettled | None,
) -> Relation:  # fmt: skip
    """person_number of those in a context whose basis is not in `same`: most days few, so that the wide columns are read of these
    alone. They are looked for in some groups alone, or among everybody.

    A worker with the basis that was delivered has the values that were delivered, and none breaks a rule: the rules are part
    of the basis, and a version that was mended has none.
    """
    among, theirs = None, str(same)
    if unsure is not None:
        where = f"where {unsure.holds()}"
        among = t.make("perhaps_unlike", f"select person_number from {facts['workers']} {where}")
        facts = {**facts, "names": t.view("names_in_groups", f"from {facts['names']} {where}")}
        theirs = f"(from {same} {where})"
    context = _context_sql(profile, facts, delivered, among=among)
    return t.make(
        "unlike",
        f"""select person_number from (select person_number, {basis.sql} as basis from ({context}))
        anti join {theirs} same using (person_number, basis)""",
    )


def _there(t: Scratch, mapping: Mapping, there: Relation | None) -> Relation | None:
    """person_number, attribute of the mapped values that are a field alone of which the directory has the value itself."""
    if there is None:
        return None
    columns = [(leaf.origin, leaf.column) for leaf in mapping.leaves]
    made_of = t.of_rows("made_of", {"field": "VARCHAR", "attribute": "VARCHAR"}, columns)
    return t.view("there", f"select person_number, attribute from {there} join {made_of} using (field)")


def context_of(
    t: Scratch, profile: Profile, facts: Named[str, Relation], delivered: Relation, *, nameless: bool = False
) -> Relation:
    """Everything that mapping expressions may use, one row for every worker who should have an account.

    `nameless`: those who have no names yet, too.
    """
    return t.view("context", _context_sql(profile, facts, delivered, "left join" if nameless else "join"))


def _context_sql(
    profile: Profile,
    facts: Named[str, Relation],
    delivered: Relation,
    join: str = "join",
    among: Relation | None = None,
) -> str:
    """SELECT: everything that mapping expressions may use, one row for every worker who should have an account.

    `among`: person_number of the only workers who are asked about; None: everybody.
    """
    workers = (
        facts["workers"] if among is None else f"(from {facts['workers']} semi join {among} using (person_number))"
    )
    return f"""
        select worker.*, {", ".join(f"names.{column}" for column in IDENTITY_COLUMNS)}, names.proxy_addresses,
            case when without_manager.person_number is null then worker.manager end as manager_external_id
        from ({_in_scope_sql(profile, workers, delivered)}) worker
        {join} {facts["names"]} names on names.person_number = worker.person_number
        left join {facts["without_manager"]} without_manager on without_manager.person_number = worker.person_number"""


def _in_scope_sql(profile: Profile, workers: Relation | str, delivered: Relation) -> str:
    """SELECT: the workers who should have an account, and those who had one and should be disabled."""
    if profile.scope.leaving != "disable":
        return f"select * from {workers} where in_scope"
    return f"""select * replace (active and in_scope as active) from {workers}
        where in_scope or person_number in (select person_number from {delivered})"""


def _everybody_sql(workers: Relation, names: Relation, unsure: Unsettled | None) -> str:
    """SELECT: person_number of a context, without all that it would join, but for those in groups that are settled."""
    where = f"where {unsure.holds()}" if unsure else ""
    return f"""select person_number from (select person_number from {workers} {where})
        semi join (select person_number from {names} {where}) using (person_number)"""


def _versions_sql(profile: Profile, mapping: Mapping, context: Relation, basis: str) -> str:
    """SELECT: person_number, every mapped value and `basis` (see `Basis`).

    A worker of whom a value, or a condition of life, cannot be computed waits: there is no version. One who has left is disabled
    all the same, without it.
    """
    names = ", ".join(quote(leaf.column) for leaf in mapping.leaves)
    doubtful = _doubtful_sql(profile, context)
    clear = f"where not active or person_number not in (select person_number from ({doubtful}))" if doubtful else ""
    changed = f"(select *, {basis} as basis from {context} {clear})"
    computed = [leaf for leaf in mapping.leaves if leaf.fallible]
    if not computed:
        return (
            f"select person_number, {names}, basis from (select person_number, basis, {mapping.select} from {changed})"
        )
    made = ", ".join(f"{quote(leaf.column)}: {alone_sql(leaf.value, leaf.fallible)}" for leaf in computed)
    values = ", ".join(
        f"if(_made is not null, _made.{quote(leaf.column)}, try({alone_sql(leaf.value, leaf.fallible)})) as {quote(leaf.column)}"
        if leaf.fallible
        else f"{leaf.value} as {quote(leaf.column)}"
        for leaf in mapping.leaves
    )
    return f"""
        select person_number, {names}, basis from (
            select person_number, basis, {values} from (select *, try({{{made}}}) as _made from {changed})
            where _made is not null or not active)"""


def _doubtful_sql(profile: Profile, context: Relation) -> str | None:
    """SELECT: person_number and reason of those whose stage of life hangs on a condition that cannot be computed; None: none can
    fail. A condition that reads other fields than dates and status has had its cells held back before."""
    selects = [
        f"""select person_number, {literal(f"{one.key} cannot be computed")} as reason
        from (select * replace (status_active as active) from {context}) where {fails_sql([one.sql])}"""
        for one in fallible(profile, "workers.life.")
    ]
    return " union all ".join(selects) or None


def failing(t: Scratch, profile: Profile, mapping: Mapping, context: Relation) -> Relation | None:
    """person_number and reason of the workers of whom a value or a condition of life cannot be computed, a row for each; None: no
    value can fail."""
    computed = [leaf for leaf in mapping.leaves if leaf.fallible]
    doubtful = _doubtful_sql(profile, context)
    selects = [
        f"""select person_number, {literal(f"{leaf.column} cannot be computed")} as reason from {context}
        where try({{'value': {alone_sql(leaf.value, leaf.fallible)}}}) is null"""
        for leaf in computed
    ]
    selects += [doubtful] if doubtful else []
    return t.view("failing", " union all ".join(selects)) if selects else None


def breaches(
    t: Scratch,
    rules: tuple[Ruled, ...],
    context: Relation,
    judged: Relation | None = None,
    numbered: Relation | None = None,
) -> Relation | None:
    """The values that break a rule of the directory, as `Desired.breaches`; None: none can.

    One pass over the columns that the rules are about: most days find none. `context` is everybody's, `judged` that of all whose
    values may break a rule (None: everybody); a value that must be unique is compared with everybody's. `numbered` has the person
    number of everybody in the context at least, and joins less for it (None: the context itself).
    """
    if not rules:
        return None
    columns = {ruled.leaf.column: quote(f"value {place}") for place, ruled in enumerate(rules)}
    values = ", ".join(f"{_value_sql(ruled.leaf)} as {columns[ruled.leaf.column]}" for ruled in rules)
    made = f"(select person_number, {values} from {judged or context})"
    tests = [_breach_sql(ruled, columns[ruled.leaf.column]) for ruled in rules]
    either = " or ".join(condition for condition, _ in tests if condition != "false") or "false"
    found = t.make(
        "breaches",
        f"""select person_number, breach.attribute, breach.judged.rule, breach.judged.mending, breach.length, breach.longest,
            null::varchar[] as others, breach.value
        from (select person_number, unnest([{", ".join(breach for _, breach in tests)}]) as breach
            from {made} where {either}) where breach is not null""",
    )
    for ruled in rules:
        if ruled.rule.unique:
            _repeated(t, ruled, context, numbered or context, found)
    return found


def _value_sql(leaf: Leaf) -> str:
    return f"try({alone_sql(leaf.value, leaf.fallible)})" if leaf.fallible else leaf.value


def _breach_sql(ruled: Ruled, value: str) -> tuple[str, str]:
    """SQL of a value: whether it breaks a rule of its attribute, and the breach (a struct; NULL: none)."""
    rule, whens = ruled.rule, []
    if rule.required:
        whens.append(("is blank", f"coalesce(trim({value}), '') = ''", Mending.NEEDED))
    elif rule.blank:
        whens.append(("is blank", f"trim({value}) = ''", Mending.HELD))
    if rule.longest is not None:  # no text has more code units than bytes
        long = f"strlen({value}) > {rule.longest} and {units_sql(value)} > {rule.longest}"
        whens.append(("is too long", long, ruled.mending))
    if rule.made:
        whens.append(("holds a control character", f"regexp_matches({value}, {literal(NO_TEXT)})", ruled.mending))
    if rule.form is not None:
        whens.append(("has another form", f"not regexp_full_match({value}, {literal(rule.form)})", ruled.mending))
    condition = " or ".join(test for _, test, _ in whens) or "false"
    cases = " ".join(
        f"when {test} then {{'rule': {literal(name)}, 'mending': {literal(str(mending))}}}"
        for name, test, mending in whens
    )
    longest = "null" if rule.longest is None else str(rule.longest)
    breach = f"""case when {condition} then {{'attribute': {literal(ruled.leaf.column)}, 'judged': case {cases} end,
        'length': {units_sql(value)}::integer, 'longest': {longest}::integer, 'value': {value}}} end"""
    return condition, breach if whens else "null"


def _repeated(t: Scratch, ruled: Ruled, context: Relation, numbered: Relation, found: Relation) -> None:
    """Enter the breaches of those of whom a value that must be unique is another worker's as well, as the directory compares."""
    name, value = literal(ruled.leaf.column), _value_sql(ruled.leaf)
    if ruled.leaf.origin == "person_number" and not t.first(
        f"select 1 from {numbered} where not regexp_full_match(person_number, {literal(OWN_FORM)}) limit 1"
    ):
        return
    t.run(f"""
        insert into {found} by name
        select unnest(people) as person_number, {name} as attribute, 'is another worker''s as well' as rule,
            {literal(str(Mending.NEEDED))} as mending, list_sort(people) as others, unnest("values") as value
        from (select list(person_number order by person_number) as people, list(value order by person_number) as "values"
            from (select person_number, {value} as value from {context})
            where value is not null group by {folded_sql("value")} having count(*) > 1)
    """)


def moved_sql(mapping: Mapping, desired: str, delivered: str) -> str:
    """SQL condition over two aliases: the container is another one, and not only spelled differently."""
    places = [quote(leaf.column) for leaf in carriers(mapping, "parent_distinguished_name")]
    return (
        " or ".join(
            f"{key_sql(f'{desired}.{place}')} is distinct from {key_sql(f'{delivered}.{place}')}" for place in places
        )
        or "false"
    )


def shape_of(mapping: Mapping) -> str:
    """Stands for the shape that SCIM users are sent in."""
    return fingerprint(mapping.user_json)
