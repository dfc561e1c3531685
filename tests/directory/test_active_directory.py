"""Active Directory over LDAPS, read from Samba's domain controller, and from servers that misbehave."""

from __future__ import annotations

import datetime as dt
import uuid
from pathlib import Path
from typing import Any

import pytest
import sansldap

from hcm_pipeline.directory import Account, Read, Reading, ldap
from hcm_pipeline.directory.active_directory import refresh
from hcm_pipeline.errors import PipelineError, ServiceError, ServiceUnavailable, SignInFailed
from hcm_pipeline.home import Home
from hcm_pipeline.warehouse import Warehouse
from tests.directory.ldap_server import Answer, answering
from tests.directory.samba import DOMAIN, PASSWORD, Controller

NOW = dt.datetime(2026, 11, 2, tzinfo=dt.UTC)


class Reader:
    """A warehouse that reads directories."""

    def __init__(self, folder: Path) -> None:
        self.warehouse = Warehouse(Home(folder / "home").create())
        self.heard: list[str] = []

    def read(self, account: Account, **given: Any) -> Read:
        return refresh(Reading(self.warehouse, "ad", NOW, self.heard.append, **given), account)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with self.warehouse.read() as con:
            return con.execute(query).fetchall()


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path)


def unit(name: str) -> str:
    return f"dn: OU={name},{DOMAIN}\nobjectClass: organizationalUnit\n"


def user(name: str, unit: str, **values: str | list[str]) -> str:
    """A user's LDIF; the sAMAccountName is `name` in lower case without spaces."""
    lines = [f"dn: CN={name},OU={unit},{DOMAIN}", "objectClass: user"]
    given = {"sAMAccountName": name.lower().replace(" ", "").replace("\\,", ""), **values}
    for attribute, value in given.items():
        lines += [f"{attribute}: {one}" for one in ([value] if isinstance(value, str) else value)]
    return "\n".join(lines) + "\n"


def test_objects_of_every_kind_are_read_with_their_names(samba: Controller, reader: Reader) -> None:
    samba.add(
        unit("Kinds"),
        user("Lee\\, Ann", "Kinds", userPrincipalName="ann.lee@example.test", mail="ann@example.test", employeeID="0042",
             proxyAddresses=["SMTP:ann@example.test", "smtp:a.lee@example.test", "X500:/o=x"], displayName="Ann", givenName="Ann",
             sn="Lee"),
        f"dn: CN=All,OU=Kinds,{DOMAIN}\nobjectClass: group\nsAMAccountName: allofus\n",
        f"dn: CN=PC1,OU=Kinds,{DOMAIN}\nobjectClass: computer\nsAMAccountName: PC1$\n",
        f"dn: CN=Partner,OU=Kinds,{DOMAIN}\nobjectClass: contact\nmail: partner@elsewhere.test\n",
        f"dn: CN=Box,OU=Kinds,{DOMAIN}\nobjectClass: container\n",
    )  # fmt: skip
    done = reader.read(samba.account())
    assert (done.read, done.kind, done.objects) == (
        "full",
        "ad",
        reader.ask("select count(*) from directory_objects")[0][0],
    )
    assert reader.ask("""select kind, coalesce(common_name, '-'), sam_account_name, mail from directory_objects
        where distinguished_name like '%OU=Kinds,DC=%' order by all""") == [
        ("computer", "PC1", "PC1$", None),
        ("contact", "Partner", None, "partner@elsewhere.test"),
        ("container", "-", None, None),
        ("container", "Box", None, None),
        ("group", "All", "allofus", None),
        ("user", "Lee, Ann", "leeann", "ann@example.test"),
    ]  # fmt: skip
    [found] = (
        reader.ask("""select object_id, deleted, employee_id, user_principal_name, proxy_addresses, distinguished_name,
        display_name, given_name, surname from directory_objects where sam_account_name = 'leeann'""")
    )
    assert str(uuid.UUID(found[0])) == found[0]
    assert (found[1:4], sorted(found[4]), found[5:]) == (
        (False, "0042", "ann.lee@example.test"), ["SMTP:ann@example.test", "X500:/o=x", "smtp:a.lee@example.test"],
        (f"CN=Lee\\, Ann,OU=Kinds,{DOMAIN}", "Ann", "Ann", "Lee"))  # fmt: skip
    names = reader.ask(
        f"select attribute, key, employee_id from directory_names where object_id = '{found[0]}' order by all"
    )
    assert names == [
        ("address", "a.lee@example.test", "0042"), ("address", "ann.lee@example.test", "0042"),
        ("address", "ann@example.test", "0042"), ("common_name", "lee, ann\x1fou=kinds,dc=example,dc=test", "0042"),
        ("sam", "leeann", "0042")]  # fmt: skip
    assert reader.heard[-1] == f"reading the directory ad: {done.objects:,} objects"


def test_pages_give_what_one_page_gives(samba: Controller, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = reader.read(samba.account()).objects
    assert whole > 100
    monkeypatch.setattr(ldap, "PAGE", 17)
    again = reader.read(samba.account())
    assert (again.objects, again.changed) == (whole, 0)


def test_a_deleted_object_keeps_its_names_where_it_was(samba: Controller, reader: Reader) -> None:
    samba.add(unit("Leavers"), user("Lee\\, Gone", "Leavers"))
    samba.delete(f"CN=Lee\\, Gone,OU=Leavers,{DOMAIN}")
    assert reader.read(samba.account()).told == (
        f"not followed to other servers: ldaps://example.test/CN=Configuration,{DOMAIN}",
    )
    found = reader.ask("""select kind, common_name, distinguished_name from directory_objects
        where deleted and sam_account_name = 'leegone'""")
    assert found == [("user", "Lee, Gone", f"CN=Lee\\, Gone,OU=Leavers,{DOMAIN}")]
    keys = reader.ask("select key from directory_names where key like '%gone%' order by 1")
    assert keys == [("lee, gone\x1fou=leavers,dc=example,dc=test",), ("leegone",)]


def test_an_account_that_may_not_read_deleted_objects_reads_the_others_and_it_is_told(
    samba: Controller, reader: Reader
) -> None:
    samba.add(unit("Readers"), user("reader", "Readers", userPrincipalName="reader@example.test"),
              user("sleeper", "Readers", userPrincipalName="sleeper@example.test"))  # fmt: skip
    for name in ("reader", "sleeper"):
        samba.change({"do": "password", "name": name, "to": PASSWORD})
    disabled = f"dn: CN=sleeper,OU=Readers,{DOMAIN}\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: 514\n"
    samba.change({"do": "modify", "ldif": disabled})
    done = reader.read(samba.account("reader@example.test"))
    assert [line for line in done.told if "deleted objects" in line or "nothing but their" in line] == list(
        done.told[:2]
    )
    assert reader.ask(
        "select count(*) from directory_names where key like 'ipsecpolicy%cn=ip security,cn=system,%'"
    ) != [(0,)]
    assert reader.ask("select count(*) from directory_objects where sam_account_name = 'reader'") == [(1,)]
    with pytest.raises(SignInFailed, match="disabled"):
        reader.read(samba.account("sleeper@example.test"))


def test_overlapping_bases_give_an_object_once_and_what_lies_outside_is_not_read(
    samba: Controller, reader: Reader
) -> None:
    samba.add(unit("Outer"), f"dn: OU=Inner,OU=Outer,{DOMAIN}\nobjectClass: organizationalUnit\n",
              user("Inside", "Inner,OU=Outer", employeeNumber="7"))  # fmt: skip
    bases = [f"OU=Inner,OU=Outer,{DOMAIN}", f"OU=Outer,{DOMAIN}"]
    account = samba.account(bases=bases)
    reader.read(Account(account.url, account.user, account.password, bases, "employeeNumber", account.ca_file))
    found = reader.ask("select kind, employee_id from directory_objects where not deleted order by all")
    assert found == [("container", None), ("container", None), ("user", "7")]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"password": "wrong"}, r"Administrator@EXAMPLE\.TEST cannot sign in: the password or the user is wrong"),
        ({"password": ""}, "HCM_PIPELINE_LDAP_PASSWORD"),
        ({"bases": ["OU=Nowhere,DC=example,DC=test"]}, "no such base"),
        ({"ca_file": None}, "certificate is not trusted.*SSL_CERT_FILE"),
        ({"url": "ldaps://127.0.0.1:1"}, "cannot be reached"),
        ({"url": "ldaps://nowhere.invalid"}, "cannot be reached"),
    ],
)
def test_what_keeps_a_directory_from_being_read_is_said_and_changes_nothing(
    samba: Controller, reader: Reader, change: dict[str, Any], said: str
) -> None:
    account = samba.account()
    given = {"url": account.url, "user": account.user, "password": PASSWORD, "ca_file": account.ca_file, **change}
    with pytest.raises(ServiceError, match=said):
        reader.read(Account(**given))
    with reader.warehouse.write() as con:
        assert con.execute("from directory_reads").fetchall() == []


GUID = uuid.UUID("11111111-2222-3333-4444-555555555555")


def scripted(*searches: tuple[list[dict[str, list[bytes]]], sansldap.LDAPResultCode], data: str = "") -> Answer:
    """A domain `DC=x` whose searches below the root answer these objects and end so, one after the other."""
    left = list(searches)

    def answer(session: sansldap.LDAPServer, request: sansldap.LDAPMessage) -> None:
        if isinstance(request, sansldap.BindRequest):
            code = sansldap.LDAPResultCode.INVALID_CREDENTIALS if data else sansldap.LDAPResultCode.SUCCESS
            session.bind_response(
                request.message_id, result_code=code, diagnostics_message=f"80090308: x, data {data}, v4563"
            )
        elif isinstance(request, sansldap.SearchRequest):
            if not request.base_object:
                root = [sansldap.PartialAttribute("defaultNamingContext", [b"DC=x"])]
                session.search_result_entry(request.message_id, "", root)
                objects, code = list[dict[str, list[bytes]]](), sansldap.LDAPResultCode.SUCCESS
            else:
                objects, code = left.pop(0)
            for one in objects:
                values = [sansldap.PartialAttribute(name, found) for name, found in one.items()]
                session.search_result_entry(request.message_id, "CN=a,DC=x", values)
            session.search_result_done(request.message_id, result_code=code)

    return answer


def lee(**values: list[bytes]) -> dict[str, list[bytes]]:
    return {"objectGUID": [GUID.bytes_le], "objectClass": [b"top", b"user"], **values}


OK = sansldap.LDAPResultCode.SUCCESS


def read_scripted(reader: Reader, folder: Path, answer: Answer, *names: str, tls: bool = True) -> Read:
    with answering(folder, answer, *names, tls=tls) as url:
        return reader.read(Account(url, "reader", "secret", ca_file=folder / "ca.pem"))


def test_addresses_that_come_in_ranges_are_fetched_to_the_last(reader: Reader, tmp_path: Path) -> None:
    ranges = [(b"smtp:a@x", "0-0"), (b"smtp:b@x", "1-1"), (b"smtp:c@x", "2-*")]
    found = [{f"proxyAddresses;range={place}": [value]} for value, place in ranges]
    answer = scripted(([lee(mailNickname=[b"lee"], **found[0])], OK), ([found[1]], OK), ([found[2]], OK))
    assert read_scripted(reader, tmp_path, answer).objects == 1
    assert reader.ask("select object_id, mail_nickname, proxy_addresses from directory_objects") == [
        (str(GUID), "lee", ["smtp:a@x", "smtp:b@x", "smtp:c@x"])]  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (scripted(([lee()], sansldap.LDAPResultCode.SIZE_LIMIT_EXCEEDED)), ServiceError, "fewer objects than there are"),
        (scripted(([], sansldap.LDAPResultCode.TIME_LIMIT_EXCEEDED)), ServiceError, "time limit"),
        (scripted(([], sansldap.LDAPResultCode.ADMIN_LIMIT_EXCEEDED)), ServiceError, "smaller bases"),
        (scripted(([], sansldap.LDAPResultCode.REFERRAL)), ServiceError, "another server"),
        (scripted(([], sansldap.LDAPResultCode.BUSY)), ServiceUnavailable, "may answer later"),
        (scripted(([], sansldap.LDAPResultCode.PROTOCOL_ERROR)), ServiceError, "PROTOCOL_ERROR"),
        (scripted(([{"cn": [b"a"]}], OK)), ServiceError, "not Active Directory"),
        (scripted(data="775"), SignInFailed, "the account is locked"),
        (scripted(data="ffff"), SignInFailed, "INVALID_CREDENTIALS"),
        (lambda _session, _request: None, ServiceUnavailable, "no answer in time"),
    ],
)  # fmt: skip
def test_a_server_that_refuses_or_ends_early_is_not_taken_for_an_empty_directory(
    reader: Reader,
    tmp_path: Path,
    answer: Answer,
    kind: type[PipelineError],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ldap, "READ_SECONDS", 0.5)
    with pytest.raises(kind, match=said):
        read_scripted(reader, tmp_path, answer)


def test_a_certificate_of_another_host_is_not_trusted(reader: Reader, tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="name the host as the certificate does"):
        read_scripted(reader, tmp_path, scripted(), "dc.example.test")


def test_a_port_without_tls_is_told(reader: Reader, tmp_path: Path) -> None:
    with pytest.raises(ServiceUnavailable, match="does not speak TLS"):
        read_scripted(reader, tmp_path, scripted(), tls=False)
