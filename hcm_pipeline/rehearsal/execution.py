"""A synchronization job's cycle, rehearsed: what becomes of the account of each record, attribute by attribute. Nothing is written.

Sources: the pages on API-driven inbound provisioning, on clearing values (08/2026) and on scoping filters, and `attributeMapping`
of the Graph reference. A point that they leave open is marked as unknown.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from hcm_pipeline.expressions import Surroundings, Unknown, as_text, is_random
from hcm_pipeline.rehearsal.accounts import Account, Accounts, Untold
from hcm_pipeline.rehearsal.one_attribute import Case, attribute_result, meant_result, raw_value
from hcm_pipeline.rehearsal.prepared import MANDATORY, NAMES, Prepared, PreparedMapping, Target
from hcm_pipeline.rehearsal.results import AttributeResult, Mark, Outcome, Rehearsed
from hcm_pipeline.rehearsal.source_record import SourceRecord, source_record
from hcm_pipeline.synchronization import ACTIVE_DIRECTORY

AT_ONCE = 1_000
"""Records that are looked up together."""
TAKEN = {
    "entra": "Conflict",
    ACTIVE_DIRECTORY: "HybridSynchronizationActiveDirectoryUserPrincipalNameNotUnique",
}
"""The codes for a name that another account has."""
MASTERED = "AzureActiveDirectoryCannotUpdateObjectsMasteredOnPremises"
ENABLED, DISABLED = "accountenabled", "accountdisabled"


@dataclass(frozen=True)
class Sent:
    """A record that is sent. `key`: the person number; `before`: the record that the target took last, None: none is known.

    `known`: whether the target has an account for it, as far as the sender knows. `again`: it is sent to be written again, so that
    what it overwrites is meant.
    """

    key: str
    user: Mapping[str, object]
    before: Mapping[str, object] | None = None
    known: bool = False
    again: bool = False


@dataclass
class Rehearsal:
    """A rehearsal over many records, in the order in which they are sent.

    `meaning`: the mappings that say what the sender means for each attribute of the account (a profile's own schema); None: nobody
    says.
    """

    prepared: Prepared
    accounts: Accounts
    now: dt.datetime
    target: Target = field(default_factory=Target)
    meaning: Prepared | None = None

    def __post_init__(self) -> None:
        self._around = Surroundings(self.now, self.target.default_domain)
        self._given: dict[str, dict[str, str]] = {name: {} for name in NAMES}
        """Names that records before this one are given, in lower case, and to whom."""
        meant = self.meaning.mappings if self.meaning else ()
        ours = {one.key: one for one in meant}
        self._meant = {
            one.key: ours[one.key] for one in self.prepared.mappings if one.key in ours and ours[one.key].by != one.by
        }
        """The mappings that are meant for the attributes that the job fills in another way."""
        self._unfilled = tuple(one for one in meant if self.prepared.of(one.name) is None)
        self._said = {name for one in self._unfilled if one.expression for name in one.expression.expression.attributes}
        self._read = self.prepared.used | (self.meaning.used if self.meaning else frozenset())

    def run(self, records: Iterable[Sent]) -> Iterator[Rehearsed]:
        """The result of each record, in their order."""
        rest = iter(records)
        while some := list(islice(rest, AT_ONCE)):
            yield from self._some(some)

    # --- a batch

    def _some(self, some: Sequence[Sent]) -> Iterator[Rehearsed]:
        read = [self._source(one.user) for one in some]
        befores = [self._source(one.before) if one.before is not None else None for one in some]
        found = self._found(read)
        resolved = self._resolved(read)
        cases = []
        for sent, record, before in zip(some, read, befores, strict=True):
            matched = self._match(sent, record, found)
            cases.append(Case(sent.key, record, before, matched, sent.again, resolved))
        results = [self._first(case) for case in cases]
        holders = self._holders(results)
        for case, result in zip(cases, results, strict=True):
            yield result if isinstance(result, Rehearsed) else self._finish(case, result, holders)

    def _source(self, user: Mapping[str, object]) -> SourceRecord:
        """A record with the attributes that the job's source directory has."""
        record = source_record(user)
        known = self.prepared.known
        strange = record.values.keys() - known if known else set()
        if not strange:
            return record
        return SourceRecord(
            {name: value for name, value in record.values.items() if name in known},
            record.passed_over,
            frozenset(name for name in strange if record.values[name] is not None),
        )

    def _found(self, read: Sequence[SourceRecord]) -> dict[str, Mapping[str, Sequence[Account]] | None]:
        """By matching attribute, the accounts that have one of the records' values; None: nobody can tell."""
        wanted: dict[str, set[str]] = {}
        for one in self.prepared.matching:
            texts = (self._text(one, record) for record in read)
            wanted.setdefault(one.key, set()).update(text for text in texts if text)
        return {name: self.accounts.having(name, values) for name, values in wanted.items()}

    def _text(self, one: PreparedMapping, record: SourceRecord) -> str | None:
        value = raw_value(one, record, self._around)
        if isinstance(value, Unknown):
            return None
        text = as_text(value) if isinstance(value, str | bool | int) else None
        return None if text is None or is_random(text) else text

    def _resolved(self, read: Sequence[SourceRecord]) -> Mapping[str, str | None] | None:
        references = [one for one in self.prepared.mappings if one.reference and one.direct is not None]
        values = {text for one in references for record in read if (text := self._text(one, record))}
        return self.accounts.referenced(values) if values else {}

    def _match(
        self, sent: Sent, record: SourceRecord, found: Mapping[str, Mapping[str, Sequence[Account]] | None]
    ) -> Account | Rehearsed | None:
        """The account, None for none, or the result when there is none that can be told."""
        empty = True
        for one in self.prepared.matching:
            text = self._text(one, record)
            if text is None:
                continue
            empty, told = False, found[one.key]
            if told is None:
                return Account("", {}, frozenset()) if sent.known else None
            holding = told.get(text.lower(), ())
            if len(holding) > 1:
                why = f"{len(holding)} accounts have the value by which {one.name} matches"
                return Rehearsed(sent.key, Outcome.SEVERAL_MATCHES, why=why, code="DuplicateTargetEntries")
            if holding:
                return holding[0]
        if empty:
            why = "the record has no value by which accounts are matched"
            return Rehearsed(sent.key, Outcome.REFUSED, why=why, code="ImportSkipped")
        return None

    # --- a record

    def _first(self, case: Case) -> Rehearsed | list[AttributeResult]:
        """The attributes of a record, or its result where they do not matter."""
        if isinstance(case.account, Rehearsed):
            return case.account
        in_scope = self.prepared.scope.holds(case.record.values)
        account = case.account
        if isinstance(in_scope, Unknown):
            return Rehearsed(case.key, Outcome.UNKNOWN, why=in_scope.why)
        if not in_scope:
            return self._out_of_scope(case)
        if account is None and "Add" not in self.prepared.flow_types:
            return Rehearsed(case.key, Outcome.UNMATCHED, why="no account matches, and the job makes none")
        if account is not None and "Update" not in self.prepared.flow_types:
            return Rehearsed(case.key, Outcome.NOTHING, why="the job changes no account", object_id=account.object_id)
        if account is not None and account.mastered_elsewhere and self.prepared.kind != ACTIVE_DIRECTORY:
            why = "a directory on premises writes the account"
            return Rehearsed(case.key, Outcome.REFUSED, why=why, code=MASTERED, object_id=account.object_id)
        found = [
            attribute_result(one, case, self._surroundings(one, case), self.prepared, self.target)
            for one in self.prepared.mappings
        ]
        return [self._checked(case, each) for each in found]

    def _out_of_scope(self, case: Case) -> Rehearsed:
        account = case.account
        assert not isinstance(account, Rehearsed)
        skip = self.target.skip_out_of_scope
        why = "a scoping filter leaves it out"
        if account is None:
            return Rehearsed(case.key, Outcome.OUT_OF_SCOPE, why=why, code="EntrySynchronizationSkipped")
        if "Delete" not in self.prepared.flow_types or skip:
            why += ", and its account stays as it is"
        elif skip is None:
            why += "; its account is disabled unless the job skips such (SkipOutOfScopeDeletions), which is not known"
        else:
            why += ", and its account is disabled"
        return Rehearsed(
            case.key, Outcome.OUT_OF_SCOPE, why=why, code="EntrySynchronizationSkipped", object_id=account.object_id
        )

    def _surroundings(self, one: PreparedMapping, case: Case) -> Surroundings:
        """For a mapping that looks for a value that no account has, the accounts; otherwise the usual ones."""
        if not one.unique or self.prepared.kind != ACTIVE_DIRECTORY or case.account is not None:
            return self._around
        if self.accounts.having(one.key, ()) is None:
            return self._around
        given = self._given.get(one.key, {})

        def taken(candidate: str) -> bool:
            return candidate.lower() in given or bool(
                (self.accounts.having(one.key, [candidate]) or {}).get(candidate.lower())
            )

        return replace(self._around, taken=taken)

    def _checked(self, case: Case, found: AttributeResult) -> AttributeResult:
        """With what speaks against the value in the light of the record: it undoes what is meant."""
        name, then = found.attribute.lower(), found.then
        if name in NAMES and isinstance(then, str) and not is_random(then):
            self._given[name].setdefault(then.lower(), case.key)
        if name in (ENABLED, DISABLED) and isinstance(then, bool):
            active = case.record.values.get("active")
            if isinstance(active, bool) and (then is active) is (name == DISABLED):
                state = "enabled" if active else "disabled"
                return found.marked(
                    Mark.UNDONE, f"the record says that the account is {state}, and the mapping says the opposite"
                )
        meant = self._meant.get(name)
        if meant is not None:
            found = meant_result(found, meant, case, self._around, self.prepared.kind, self.target)
        return found

    def _holders(
        self, results: Sequence[Rehearsed | list[AttributeResult]]
    ) -> dict[str, Mapping[str, Sequence[Account]]]:
        """The accounts that have one of the names that are written."""
        wanted: dict[str, set[str]] = {}
        for result in results:
            for one in result if isinstance(result, list) else ():
                name = one.attribute.lower()
                if name in NAMES and one.changes is not False and isinstance(one.then, str) and not is_random(one.then):
                    wanted.setdefault(name, set()).add(one.then)
        return {name: self.accounts.having(name, values) or {} for name, values in wanted.items()}

    def _finish(
        self, case: Case, found: list[AttributeResult], holders: Mapping[str, Mapping[str, Sequence[Account]]]
    ) -> Rehearsed:
        account = case.account
        assert not isinstance(account, Rehearsed)
        found = [self._not_taken(case, one, holders) for one in found]
        if account is None:
            found += self._missing(found)
        found += self._unused(case)
        refused = next((one for one in found if one.mark is Mark.REFUSED), None)
        outcome = _outcome(account, found)
        return Rehearsed(
            case.key, outcome, tuple(found), refused.why if refused else None, refused.code if refused else None,
            account.object_id if account and account.object_id else None,
        )  # fmt: skip

    def _not_taken(
        self, case: Case, one: AttributeResult, holders: Mapping[str, Mapping[str, Sequence[Account]]]
    ) -> AttributeResult:
        name = one.attribute.lower()
        if name not in NAMES or one.changes is False or not isinstance(one.then, str) or is_random(one.then):
            return one
        account = case.account
        own = account.object_id if isinstance(account, Account) else None
        others = [each for each in holders.get(name, {}).get(one.then.lower(), ()) if each.object_id != own]
        if others or self._given[name].get(one.then.lower(), case.key) != case.key:
            code = TAKEN.get(self.prepared.kind or "entra", "Conflict")
            return one.marked(Mark.REFUSED, "another account has it, or is given it before", code)
        return one

    def _missing(self, found: Sequence[AttributeResult]) -> list[AttributeResult]:
        """Attributes without which no account is made, and that nothing fills."""
        has = {one.attribute.lower(): one for one in found}
        missing = []
        for name in MANDATORY.get(self.prepared.kind, ()) if self.prepared.kind else ():
            one = has.get(name.lower())
            if one is None or (one.then in (None, "") and one.mark is not Mark.UNKNOWN):
                missing.append(
                    AttributeResult(name, None, None, one.by if one else None, Mark.REFUSED,
                                    "no account is made without it, and nothing fills it", "MandatoryFieldsMissing")
                )  # fmt: skip
        return missing

    def _unused(self, case: Case) -> list[AttributeResult]:
        """Values that are sent, and no mapping of the job uses."""
        unused = []
        for one in self._unfilled:
            value = raw_value(one, case.record, self._around)
            if value is None or isinstance(value, Unknown):
                continue
            account = case.account
            now = account.now(one.name) if isinstance(account, Account) else None
            if now is Untold.NOT_TOLD or as_text_or_none(now) != as_text_or_none(value):
                unused.append(AttributeResult(one.name, now, now, None, Mark.IGNORED, "no mapping of the job fills it"))
        told = dict.fromkeys(sorted(case.record.passed_over), "only entries of type work are read")
        told |= dict.fromkeys(sorted(case.record.strange), "the source directory has no such attribute")
        told |= {
            name: "no mapping of the job uses it"
            for name, value in case.record.values.items()
            if value is not None and name not in self._read and name not in self._said
        }
        unused += [AttributeResult(name, None, None, None, Mark.IGNORED, why) for name, why in told.items()]
        return unused


def as_text_or_none(value: object) -> str | None:
    """A simple value as text; None for none, and for what is not simple."""
    return as_text(value) if isinstance(value, str | bool | int) and not isinstance(value, Untold) else None


def _outcome(account: Account | None, found: Sequence[AttributeResult]) -> Outcome:
    if any(one.mark is Mark.REFUSED for one in found):
        return Outcome.REFUSED
    if account is None:
        return Outcome.CREATE
    for one in found:
        closes = one.then is (one.attribute.lower() == DISABLED)
        if one.attribute.lower() in (ENABLED, DISABLED) and closes and one.changes is not False:
            return Outcome.DISABLE
    changes = [one.changes for one in found]
    if any(each is not False for each in changes):
        return Outcome.UPDATE
    return Outcome.NOTHING
