"""Places of a profile: an address says the kind, no secret stands in it, and each key fits its kind."""

from __future__ import annotations

import pytest

from hcm_pipeline.flow.profiles import parse_profile
from hcm_pipeline.profile import Address, PlaceSpec

from .test_profile import GOOD, changed, faults

AT = GOOD.replace('name = "people"\n', 'name = "people"\nplace = "drop"\n')


def place(url: str, *keys: str) -> str:
    return f"{AT}[[places]]\nname = 'drop'\nurl = '{url}'\n" + "\n".join(keys)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("file:///srv/drop%20zone/", Address("file", "", None, None, "/srv/drop zone")),
        ("file:///", Address("file", "", None, None, "/")),
        ("sftp://ann@files.example/out/bound", Address("sftp", "files.example", "ann", None, "/out/bound")),
        ("sftp://files.example:2222", Address("sftp", "files.example", None, 2222, "")),
        ("sftp://a%40b@[::1]/x", Address("sftp", "::1", "a@b", None, "/x")),
        ("s3://My-Bucket/in/", Address("s3", "My-Bucket", None, None, "in")),
        ("s3://bucket", Address("s3", "bucket", None, None, "")),
        ("az://account/container/a/b", Address("az", "account/container", None, None, "a/b")),
        ("oci://namespace/bucket", Address("oci", "namespace/bucket", None, None, "")),
        ("ucm://content", Address("ucm", "content", None, None, "")),
    ],
)
def test_an_address_says_kind_and_parts(url: str, address: Address) -> None:
    assert PlaceSpec(name="drop", url=url).address == address


@pytest.mark.parametrize(
    "url",
    ["ftp://host/x", "/srv/drop", "file://host/x", "file:relative", "sftp:///x", "sftp://ann:secret@host/x", "sftp://h:99999/x",
     "s3:///x", "s3://user@bucket", "az://account", "oci://namespace/", "s3://b/a/../c", "sftp://h/a?x=1", "s3://b/a%0ab", "//["],
)  # fmt: skip
def test_an_address_that_is_none_is_a_fault_that_repeats_no_password(url: str) -> None:
    [fault] = faults(place(url))
    assert fault.key == "places[0].url"
    assert "secret" not in str(fault)


@pytest.mark.parametrize(
    ("url", "keys", "key"),
    [
        ("s3://b", ["after = 'move'"], "move_to"),
        ("s3://b", ["move_to = 'done'"], "move_to"),
        ("s3://b", ["after = 'move'", "move_to = '../done'"], "move_to"),
        ("s3://b", ["after = 'move'", "move_to = '.'"], "move_to"),
        ("s3://b", ["host_key = ['SHA256:x']"], "host_key"),
        ("sftp://h/x", ["host_key = ['SHA256:x']"], "host_key"),
        ("sftp://h/x", ["endpoint = 'https://x'"], "endpoint"),
        ("s3://b", ["endpoint = 'http://store.example'"], "endpoint"),
        ("s3://b", ["endpoint = 'https://u:p@store.example'"], "endpoint"),
        ("oci://n/b", [], "region"),
        ("ucm://content", [], "search"),
        ("ucm://content", ["search = 'x'", "after = 'delete'"], "after"),
    ],
)
def test_a_key_that_does_not_fit_is_a_fault(url: str, keys: list[str], key: str) -> None:
    assert {fault.key for fault in faults(place(url, *keys))} == {f"places[0].{key}"}


def test_names_of_places_are_known_and_differ() -> None:
    [fault] = faults(AT)
    assert (fault.key, fault.value) == ("sources[0].place", "'drop'")
    twice = place("s3://b") + "\n[[places]]\nname = 'drop'\nurl = 's3://c'\n"
    assert [fault.key for fault in faults(twice)] == ["places[1].name"]


def test_keys_of_encryption_need_the_key_that_decrypts() -> None:
    text = "[pgp]\npassphrase_file = 'x'\nsigner_files = ['y']\nrequired = true\n"
    assert [fault.key for fault in faults(GOOD + text)] == [
        "pgp.passphrase_file", "pgp.signer_files", "pgp.required",
    ]  # fmt: skip


def test_a_place_of_this_machine_may_do_without_tls_and_one_settles_by_its_kind() -> None:
    local = PlaceSpec(name="drop", url="s3://b", endpoint="http://127.0.0.1:8333")
    parse_profile(place("s3://b", "endpoint = 'http://127.0.0.1:8333'", "region = 'us-east-1'"), "firm.toml")
    assert (local.settle, PlaceSpec(name="drop", url="sftp://h/x").settle) == (0.0, 10.0)


def test_places_change_a_profiles_digest_only_where_there_are_some() -> None:
    plain = parse_profile(GOOD, "firm.toml").sha256
    assert parse_profile(place("s3://b"), "firm.toml").sha256 != plain
    assert parse_profile(changed('glob = "*"', 'glob = "*"\n'), "firm.toml").sha256 == plain
