"""Rules that always hold of names, whatever people are called and whatever the directory holds."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.directory import COMMON_NAME, MAIL_NICKNAME, SAM, UPN_DOMAIN, UPN_LOCAL
from tests.budget import examples
from tests.directory.objects import account, fill
from tests.identity.people import Ledger, profile

CONTAINER = "OU=Users,DC=contoso,DC=com"
HARD = ["💥", "👩\u200d🚀", "\u202eAnn", "A\u0301nn", "Ann\u200f", "Ann\tLee", "\x01", "7", "12 Monkeys", "...", "-'-", "’",
        "x" * 200, "é" * 200, "I\u0307lker", "ß", "ﬁ", "李", "محمد", "Q. E. D.", "d'", "Ann\u00a0Lee", "Ann", "Lee", "Lee2",
        "@", "a@b", '"', "\\"]  # fmt: skip
NAMES = st.sampled_from(HARD) | st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=40
)
PEOPLE = st.dictionaries(st.integers(0, 999).map(str), st.tuples(NAMES, NAMES), min_size=1, max_size=12)


@settings(max_examples=examples(5), deadline=None)
@given(people=PEOPLE, data=st.data())
def test_names_are_legal_and_nobody_elses_whatever_the_order_of_rows(
    people: dict[str, tuple[str, str]], data: st.DataObject
) -> None:
    """The directory holds, of others, names that these people would have been given in an empty one."""
    rules = profile(parent_distinguished_name=CONTAINER)
    rows = [(number, *names) for number, names in people.items()]
    empty, one, other = Ledger(rules), Ledger(rules), Ledger(rules)
    empty.join(*rows)
    wanted = empty.con.execute("select mail_nickname, sam_account_name, common_name from identities").fetchall()
    objects = []
    for place, (nickname, sam, common_name) in enumerate(wanted):
        objects.append(data.draw(st.sampled_from([
            account(f"{nickname}@contoso.com"), account(None, kind="group", mail=f"{nickname.upper()}@contoso.com"),
            account(None, deleted=True, proxy_addresses=[f"smtp:{nickname}@contoso.com"]), account(None, mail_nickname=nickname),
            account(None, kind="group", sam_account_name=sam.upper()), account(None, kind="computer", sam_account_name=sam),
            account(None, distinguished_name=f"CN={common_name},{CONTAINER}"), account("nobody@contoso.com"),
        ])) | {"object_id": f"{place}"})  # fmt: skip
    for ledger, order in ((one, rows), (other, data.draw(st.permutations(rows)))):
        fill(ledger.con, *objects)
        assert ledger.join(*order) == len(rows)
        assert ledger.join() == 0, "a rerun gives nothing"
    names = "from identities order by person_number"
    found = one.con.execute(
        f"select user_principal_name, sam_account_name, common_name, mail_nickname {names}"
    ).fetchall()
    assert one.con.execute(names).fetchall() == other.con.execute(names).fetchall()
    for upn, sam, common_name, nickname in found:
        local, _, domain = upn.partition("@")
        assert not [*UPN_LOCAL.faults(local), *UPN_DOMAIN.faults(domain), *SAM.faults(sam), *COMMON_NAME.faults(common_name),
                    *MAIL_NICKNAME.faults(nickname)]  # fmt: skip
        assert len(upn) <= 113
    for column in range(4):
        assert len({row[column].lower() for row in found}) == len(rows)
    held = {"local": set(), "sam": set(), "cn": set()}  # type: dict[str, set[str]]
    for taken in objects:
        addresses = [taken.get("user_principal_name"), taken.get("mail"), *taken.get("proxy_addresses", [])]
        held["local"] |= {address.lower().removeprefix("smtp:").partition("@")[0] for address in addresses if address}
        held["local"].add((taken.get("mail_nickname") or "").lower())
        held["sam"].add((taken.get("sam_account_name") or "").lower())
        held["cn"].add((taken.get("distinguished_name") or "").lower().removeprefix("cn=").partition(",ou=")[0])
    for upn, sam, common_name, nickname in found:
        assert not {upn.partition("@")[0].lower(), nickname.lower()} & held["local"]
        assert sam.lower() not in held["sam"]
        assert common_name.lower() not in held["cn"]


def test_who_comes_on_an_earlier_day_chooses_first_and_those_of_one_day_choose_together() -> None:
    together, apart = Ledger(), Ledger()
    people = [("1", "Ann", "Lee"), ("2", "Ann", "Lee"), ("3", "A", "Lee")]
    together.join(*people)
    apart.join(*people[:2])
    apart.join(people[2])
    assert [together.upn(n) for n in "123"] == ["ann.lee", "an.lee", "a.lee"]
    assert [apart.upn(n) for n in "123"] == ["ann.lee", "a.lee", "a.lee2"]
