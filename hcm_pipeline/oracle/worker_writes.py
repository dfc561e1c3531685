"""Writing a worker's user name, mail and phones: read first, written once, and read again where an answer leaves it open.

A phone or an e-mail is a row of its type with a first and a last day. The row that holds today is corrected (the primary one, then
the newest); where none does, one is made that ends before the next begins, so that no two overlap. Sources: REST API for Oracle
Fusion Cloud HCM, "Correct a Worker Phone", "Add a Worker Email", "Manage User Accounts"; SCIM: "External IDM as Source for Email".
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from hcm_pipeline.errors import ServiceError
from hcm_pipeline.http import NoAnswer, Reply
from hcm_pipeline.oracle.hcm_calls import ROW, HcmCalls, HcmReply
from hcm_pipeline.oracle.phone_parts import parts_of, same_number
from hcm_pipeline.oracle.rest_queries import quoted, rows_in
from hcm_pipeline.oracle.stamps import OPEN_END, day
from hcm_pipeline.oracle.worker_children import links_of
from hcm_pipeline.oracle.worker_rows import UnreadableWorker, active, phone, speaking_of, started, text_of, yes
from hcm_pipeline.oracle.write_rules import LONGEST_USER_NAME, Way, WriteRules

SCIM_ROOT = "/hcmRestApi/scim"
SCIM_USER = "urn:scim:schemas:core:2.0:User"
"""The draft's URN: Oracle knows no other."""
LOCKED = frozenset({409, 412, 423})
"""Somebody else is writing: it passes in minutes."""
LAST_DAY = dt.date(4712, 12, 31)
LOOKS_AHEAD = 5
"""So many rows that lie ahead are looked for before one is made."""
NOT_THERE = frozenset({403, 404, 405, 501})
"""Statuses of a resource that does not take user names here."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Wish:
    """One value that a worker should have; `was`: the value at the time of planning, None: none."""

    now: str
    was: str | None = None


@dataclass(frozen=True)
class Written:
    """The fate of one value. `before`: what was there when it was looked at; `how`: the call that wrote it, "" where it was
    there already. `after`: as the service spells it."""

    before: str
    after: str
    how: str


class NotWritten(Exception):
    """A worker of whom nothing more is written now. `code`: see `targets.oracle`; `detail` is for private files."""

    def __init__(self, code: str, detail: str = "") -> None:
        self.code, self.detail = code, detail
        super().__init__(code)


class Passing(Exception):
    """A failure that passes. `sent`: the write may have been done all the same."""

    def __init__(self, says: str, reply: Reply | None, *, sent: bool) -> None:
        self.says, self.reply, self.sent = says, reply, sent
        super().__init__(says)


class Forbidden(ServiceError):
    """403: the account lacks a privilege, and so for every worker. `reply`: the answer."""

    def __init__(self, message: str, reply: Reply) -> None:
        self.reply = reply
        super().__init__(message)


@dataclass
class _Found:
    """A worker as it was read."""

    worker: Row
    path: str
    today: dt.date
    rows: dict[str, list[Row]] = field(default_factory=dict)


class WorkerWriter:
    """Writes to one service; what was learned of it is kept. Any thread may write, each another worker."""

    def __init__(
        self, calls: HcmCalls, rules: WriteRules, day_of: Callable[[dt.datetime], dt.date], way: Way | None = None
    ) -> None:
        """`day_of`: the day of a moment where the workers are; `way`: what was found to take user names before."""
        self._calls, self._rules, self._day_of = calls, rules, day_of
        self._lock = threading.Lock()
        self.way = way if rules.user_name_by == "auto" else rules.user_name_by
        """The resource that takes user names; None as long as none has."""

    def write(self, number: str, wishes: Mapping[str, Wish]) -> dict[str, Written]:
        """Give a worker these values, in the order in which they are named; what became of each.

        Raises NotWritten, Passing, Forbidden, NoAnswer of a reading, SignInFailed.
        """
        found = self._find(number)
        done = {}
        for name, wish in wishes.items():
            if name == "user_name":
                mail = wishes["work_mail"].now if self._rules.account_mail and "work_mail" in wishes else None
                done[name] = self._user_name(number, wish, mail)
            elif name == "work_mail":
                done[name] = self._mail(found, wish)
            else:
                types = self._rules.work_phone_types if name == "work_phone" else self._rules.mobile_phone_types
                done[name] = self._phone(found, types, wish)
        if self._rules.account_mail and "work_mail" in wishes and "user_name" not in wishes:
            self._account_mail(number, wishes["work_mail"].now)
        return done

    # --- reading

    def _find(self, number: str) -> _Found:
        """The worker, as of the service's today. Raises NotWritten for one who is not there, has left, or has not begun."""
        path = f"{self._rules.rest_root}/workers"
        query = [
            ("q", f"PersonNumber={quoted(number)}"), ("expand", "phones,emails,workRelationships"), ("limit", "5"),
        ]  # fmt: skip
        try:
            answer = self._read(path, query)
        except NotWritten:  # a service that expands not all of them, or nothing: they are asked for one by one
            answer = self._read(path, [one for one in query if one[0] != "expand"])
        rows, _ = rows_in(answer.body)
        if rows is None:
            raise Passing("workers: the answer cannot be read", answer.reply, sent=False)
        fitting = [one for one in rows if text_of(one.get("PersonNumber")) == number]
        if len(fitting) != 1:
            raise NotWritten("WorkerNotFound" if not fitting else "SeveralWorkers")
        worker, today = fitting[0], self._day_of(answer.reply.service_time)
        own = _self(worker)
        if own is None:
            raise NotWritten("NoLinks")
        found = _Found(worker, own, today)
        relationships = self._children(found, "workRelationships", needed=False)
        try:
            why_not = None if relationships is None else self._not_employed(relationships, today)
        except UnreadableWorker:
            why_not = "Unreadable"
        if why_not:
            raise NotWritten(why_not)
        return found

    def _not_employed(self, relationships: list[Row], today: dt.date) -> str | None:
        if any(active(one, today) for one in relationships):
            return None
        speaking = speaking_of(relationships, today)
        if speaking is not None and (started(speaking) or today) > today:
            return None if self._rules.before_start else "NotStarted"
        return None if self._rules.after_end else "HasLeft"

    def _children(self, found: _Found, child: str, *, needed: bool = True, anew: bool = False) -> list[Row] | None:
        """All rows of a child. Raises NotWritten for one that is needed and does not come: the account may not see it."""
        if child in found.rows and not anew:
            return found.rows[child]
        rows, more = rows_in(found.worker.get(child))
        if rows is None or anew or (more and _has_more(found.worker.get(child), len(rows))):
            answer = self._read(f"{found.path}/child/{child}", [("limit", "500")], absent=not needed or rows is None)
            rows = rows_in(answer.body)[0] if answer.status < 300 else None
        if rows is None:
            if needed:
                raise NotWritten("NotVisible")
            return None
        found.rows[child] = list(rows)
        return found.rows[child]

    def _read(self, path: str, query: Sequence[tuple[str, str]], *, absent: bool = False) -> HcmReply:
        answer = self._calls.get(path, query)
        if answer.status < 300 or (absent and answer.status in NOT_THERE):
            return answer
        if answer.reply.passing:
            raise Passing(answer.reply.describe(), answer.reply, sent=False)
        if answer.status == 403:
            raise Forbidden(f"{path}: {answer.reply.describe()}", answer.reply)
        raise NotWritten("Refused", answer.reply.detail)

    # --- mail and phones

    def _mail(self, found: _Found, wish: Wish) -> Written:
        row = _holding(self._children(found, "emails") or [], "EmailType", (self._rules.email_type,), found.today)
        before = text_of(row.get("EmailAddress"))
        if _same_text(before, wish.now):
            return Written(before, before, "")
        new = {"EmailAddress": wish.now}
        return self._row_written(
            found, "emails", "EmailType", self._rules.email_type, row, new, before,
            lambda one: text_of(one.get("EmailAddress")), _same_text, wish.now,
        )  # fmt: skip

    def _phone(self, found: _Found, types: tuple[str, ...], wish: Wish) -> Written:
        row = _holding(self._children(found, "phones") or [], "PhoneType", types, found.today)
        before = phone(row)
        if same_number(before, wish.now):
            return Written(before, before, "")
        try:
            new = parts_of(wish.now, {name: text_of(row.get(name)) for name in ("CountryCodeNumber", "AreaCode")})
        except ValueError:
            raise NotWritten("NoNumber") from None
        return self._row_written(
            found, "phones", "PhoneType", types[0], row, new, before, phone, same_number, wish.now
        )  # fmt: skip

    def _row_written(
        self, found: _Found, child: str, key: str, of_type: str, row: Row, new: Mapping[str, object], before: str,
        shown: Callable[[Row], str], same: Callable[[str, str], bool], wanted: str,
    ) -> Written:  # fmt: skip
        """Correct the row, or make one where there is none; read again where the answer does not show what was written."""
        collection = f"{found.path}/child/{child}"
        if row:
            method, path = "PATCH", _self(row) or f"{collection}/{_id_of(row, child)}"
            body = {name: value for name, value in new.items() if (text_of(row.get(name)) or None) != value}
        else:
            rows = self._children(found, child) or []
            method, path = "POST", collection
            body = {key: of_type, **{name: value for name, value in new.items() if value is not None}}
            body |= {"FromDate": found.today.isoformat()}
            if not any(yes(one.get("PrimaryFlag")) and _holds(one, found.today) for one in rows):
                body["PrimaryFlag"] = True
            if ends := self._before_next(found, child, key, of_type):
                body["ToDate"] = ends.isoformat()

        def there() -> str | None:
            rows = self._children(found, child, anew=True) or []
            now = shown(_holding(rows, key, (of_type if not row else text_of(row.get(key)),), found.today))
            return now if same(now, wanted) else None

        answered = self._once(method, path, body, ROW, there)
        if isinstance(answered, str):
            return Written(before, answered, method)
        after = shown(answered.body) if isinstance(answered.body, Mapping) else ""
        if not same(after, wanted):
            seen = there()
            if seen is None:
                raise NotWritten("NotKept")
            after = seen
        return Written(before, after, method)

    def _before_next(self, found: _Found, child: str, key: str, of_type: str) -> dt.date | None:
        """The day before the next row of a type begins; None: none is to come.

        Oracle shows the rows that hold on a day, so that it is asked for the last day there is, and from what is found backwards.
        """
        ends, on = None, LAST_DAY
        for _ in range(LOOKS_AHEAD):
            query = [("limit", "500"), ("effectiveDate", on.isoformat())]
            answer = self._read(f"{found.path}/child/{child}", query, absent=True)
            rows = rows_in(answer.body)[0] if answer.status < 300 else None
            coming = [_edge(one, "FromDate") for one in rows or () if _is_of(one, key, (of_type,))]
            later = [one for one in coming if one is not None and found.today < one and (ends is None or one <= ends)]
            if not later:
                return ends
            ends = on = min(later) - dt.timedelta(days=1)
        return ends

    def _once(
        self, method: str, path: str, body: Mapping[str, object], media: str, there: Callable[[], str | None],
        tolerated: frozenset[int] = frozenset(),
    ) -> HcmReply | str:  # fmt: skip
        """One write. Where its answer leaves open whether it was done, or says that it cannot be, what is there now settles it: the
        value is returned that is. Raises Passing, NotWritten, Forbidden."""
        try:
            answer = self._calls.call(method, path, (), body, media)
        except NoAnswer as lost:
            seen = self._seen(there) if lost.sent else None
            if seen is not None:
                return seen
            raise Passing(str(lost), None, sent=lost.sent) from lost
        if answer.status < 300 or answer.status in tolerated:
            return answer
        if answer.reply.passing:
            seen = self._seen(there)
            if seen is not None:
                return seen
            raise Passing(answer.reply.describe(), answer.reply, sent=answer.status != 429)
        if answer.status in LOCKED:
            raise NotWritten("Locked", answer.reply.detail)
        if answer.status == 403:
            raise Forbidden(f"{path}: {answer.reply.describe()}", answer.reply)
        seen = self._seen(there)  # an earlier attempt may have come through late, and made this one one too many
        if seen is not None:
            return seen
        raise NotWritten("Refused", f"{answer.reply.describe()} {answer.reply.detail}")

    @staticmethod
    def _seen(there: Callable[[], str | None]) -> str | None:
        """The value, where it is there by now; None: it is not, or nobody can tell yet."""
        try:
            return there()
        except (Passing, NoAnswer):
            return None

    # --- user names

    def _user_name(self, number: str, wish: Wish, mail: str | None) -> Written:
        if len(wish.now) > LONGEST_USER_NAME:
            raise NotWritten("UserNameTooLong")
        accounts = self._accounts(number)
        if accounts is not None and len(accounts) != 1:
            raise NotWritten("NoUserAccount" if not accounts else "SeveralUserAccounts")
        account = accounts[0] if accounts else None
        before = text_of(account.get("Username")) if account else (wish.was or "")
        if account is not None and _same_text(before, wish.now):
            if mail is not None:
                self._account_mail(number, mail)
            return Written(before, before, "")
        ways: tuple[Way, ...] = (self.way,) if self.way else ("user_accounts", "scim")
        refused: NotWritten | None = None
        for way in ways:
            try:
                written = self._by(way, number, account, before, wish.now, mail)
            except NotWritten as failed:
                if failed.code == "Locked" or len(ways) == 1:
                    raise
                refused = refused or failed
                continue
            if written is not None:
                with self._lock:
                    self.way = way
                if way == "user_accounts" and mail is not None:
                    self._account_mail(number, mail)
                return written
        raise refused or NotWritten("NoWay")

    def _by(
        self, way: Way, number: str, account: Row | None, before: str, wanted: str, mail: str | None
    ) -> Written | None:
        """A user name written by one resource; None: that resource does not take it here."""

        def there() -> str | None:
            found = self._accounts(number)
            if found is None:
                user = self._scim_user(wanted, None)
                now = text_of(user.get("userName")) if user else ""
            else:
                now = text_of(found[0].get("Username")) if len(found) == 1 else ""
            return now if _same_text(now, wanted) else None

        if way == "user_accounts":
            if account is None:
                return None
            path = _self(account) or f"{self._rules.rest_root}/userAccounts/{quote(text_of(account.get('GUID')))}"
            answered = self._once("PATCH", path, {"Username": wanted}, ROW, there, NOT_THERE)
        else:
            user = self._scim_user(before, text_of(account.get("GUID")) if account else None)
            if user is None:
                if account is None and self._scim_user(wanted, None):
                    return Written(wanted, wanted, "")
                raise NotWritten("NoUserAccount")
            body: dict[str, object] = {"schemas": [SCIM_USER], "userName": wanted}
            if mail is not None:
                body["emails"] = [{"value": mail, "type": "W", "primary": True}]
            path = f"{SCIM_ROOT}/Users/{quote(text_of(user.get('id')))}"
            answered = self._once("PATCH", path, body, "application/json", there, NOT_THERE)
        if isinstance(answered, str):
            return Written(before, answered, f"PATCH {way}")
        if answered.status in NOT_THERE:
            return None
        name = "Username" if way == "user_accounts" else "userName"
        after = text_of(answered.body.get(name)) if isinstance(answered.body, Mapping) else ""
        seen = after if _same_text(after, wanted) else there()
        if seen is None:
            raise NotWritten("NotKept")
        return Written(before, seen, f"PATCH {way}")

    def _accounts(self, number: str) -> list[Row] | None:
        """The user accounts of a worker; None: they may not be read here."""
        query = [("q", f"PersonNumber={quoted(number)}"), ("limit", "5")]
        answer = self._read(f"{self._rules.rest_root}/userAccounts", query, absent=True)
        rows = rows_in(answer.body)[0] if answer.status < 300 else None
        return None if rows is None else [one for one in rows if text_of(one.get("PersonNumber")) in ("", number)]

    def _scim_user(self, name: str, guid: str | None) -> Row | None:
        """The SCIM user with a GUID, or with a name; None: there is none, or none to be seen."""
        if guid:
            answer = self._read(f"{SCIM_ROOT}/Users/{quote(guid)}", [], absent=True)
            if answer.status < 300 and isinstance(answer.body, Mapping):
                return answer.body
        if not name:
            return None
        spelled = name.replace("\\", "\\\\").replace('"', '\\"')
        query = [("filter", f'userName eq "{spelled}"'), ("startIndex", "1"), ("count", "2")]
        answer = self._read(f"{SCIM_ROOT}/Users", query, absent=True)
        found = answer.body.get("Resources") if answer.status < 300 and isinstance(answer.body, Mapping) else None
        users = [
            one for one in found or () if isinstance(one, Mapping) and _same_text(text_of(one.get("userName")), name)
        ]
        return users[0] if len(users) == 1 else None

    def _account_mail(self, number: str, mail: str) -> None:
        """The mail of the user account, by SCIM; passed over where there is no account, or it is so already."""
        accounts = self._accounts(number)
        if not accounts or len(accounts) != 1:
            return
        name, guid = text_of(accounts[0].get("Username")), text_of(accounts[0].get("GUID"))
        user = self._scim_user(name, guid)
        if user is None or _scim_mail(user, mail) is not None:
            return

        def there() -> str | None:
            now = self._scim_user(name, guid)
            return _scim_mail(now, mail) if now else None

        body = {"schemas": [SCIM_USER], "emails": [{"value": mail, "type": "W", "primary": True}]}
        self._once(
            "PATCH", f"{SCIM_ROOT}/Users/{quote(text_of(user.get('id')))}", body, "application/json", there, NOT_THERE
        )


def _scim_mail(user: Row, mail: str) -> str | None:
    """The user's mail of type W, where it is this one."""
    for one in user.get("emails") or ():
        if isinstance(one, Mapping) and one.get("type") == "W" and _same_text(text_of(one.get("value")), mail):
            return text_of(one.get("value"))
    return None


def _same_text(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


def _self(item: Row) -> str | None:
    """The path of a row by its own link. The host of it is not asked for: it may be one behind a gateway, or somebody else's."""
    link = next((href for rel, _, href in links_of(item) if rel == "self"), None)
    return urlsplit(link).path or None if link else None


def _has_more(value: object, shown: int) -> bool:
    return value.get("hasMore") in (True, "true") if isinstance(value, Mapping) and "hasMore" in value else shown == 25


def _id_of(row: Row, child: str) -> str:
    return quote(text_of(row.get("PhoneId" if child == "phones" else "EmailAddressId")))


def _edge(row: Row, *names: str) -> dt.date | None:
    found = next((moment for name in names if (moment := day(row.get(name))) is not None), None)
    return None if found is not None and found.year >= OPEN_END else found


def _holds(row: Row, on: dt.date) -> bool:
    first, last = _edge(row, "FromDate", "DateFrom"), _edge(row, "ToDate", "DateTo")
    return (first is None or first <= on) and (last is None or on <= last)


def _holding(rows: Sequence[Row], key: str, types: Sequence[str], on: dt.date) -> Row:
    """The row of the first type that one holds of on a day: the primary, then the newest. An empty one when there is none."""
    for wanted in types:
        of_type = [one for one in rows if _is_of(one, key, (wanted,)) and _holds(one, on)]
        if of_type:
            return max(of_type, key=lambda one: (yes(one.get("PrimaryFlag")), _edge(one, "FromDate") or dt.date.min))
    return {}


def _is_of(row: Row, key: str, types: Sequence[str]) -> bool:
    return text_of(row.get(key)).upper() in {one.upper() for one in types}
