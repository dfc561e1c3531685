"""A file that is encrypted is stored as what is inside of it, once, and nothing that it was made of lies about."""

from __future__ import annotations

import gzip
import io
import subprocess
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pysequoia
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hcm_pipeline.errors import ExtractRefused
from hcm_pipeline.extracts import Taken, take
from hcm_pipeline.home import Home
from hcm_pipeline.profile import Pgp
from hcm_pipeline.sources import gnupg
from hcm_pipeline.sources.openpgp import Decrypted, decrypted, is_message

TEXT = b"Person Number,Last Name\n1,Lee\n"

_ENCRYPTED_KEY = """-----BEGIN PGP PRIVATE KEY BLOCK-----

lIYEawoCuBYJKwYBBAHaRw8BAQdAhUS7rSWuxp0RRekAGNRGUHcnGwMYAlmVCFua
Sv9eND3+BwMCtQqbGE4rN9z/EUY/cMIpCXVBr6P1UmBVpbga48fy4vCjXqelWbyY
8syVTLgT7dFGbxgov/zReP7vsQgyzJFvHOY3n/mG6j3neyi4+lTsuLQbSFIgKHRl
c3QpIDxockBmaXJtLmV4YW1wbGU+iJAEExYIADgWIQT3m9NXTNmWD1+UfeREpLkR
26XdVgUCawoCuAIbAwULCQgHAgYVCgkICwIEFgIDAQIeAQIXgAAKCRBEpLkR26Xd
Vh0HAQDfX7R7imu60AjrcPugmCVJewxi9LmhYvbA2wFM8mZHYAD9EgffBtcnE6UB
ECyCP/cv1sTLAfU7lJEavQ8hufLC+wiciwRrCgK4EgorBgEEAZdVAQUBAQdAZJ3j
1rtEOUJCsaCfct0Ac6M0pWSRuNBAxWXV1QUB13gDAQgH/gcDAmotP3fJdoPz/zCj
flTQkYwP3MLtZHNkVfi3ZpO2Mgu8O7iY/lIA5yyhBdYazZwo8H35JxMuVSBy6AJq
gIb5/SBv6H/5MMSWqMRT9x8FOmGIeAQYFggAIBYhBPeb01dM2ZYPX5R95ESkuRHb
pd1WBQJrCgK4AhsMAAoJEESkuRHbpd1Wn6kBALGcRHDsNG9gXmuMRF6t9czRQW37
fQDfEcT/zoxmR5f6AP93pTtYlNR+kloM9Cw0A6qUEHP4ogXvz/Rsk1zb5r17Aw==
=IWGQ
-----END PGP PRIVATE KEY BLOCK-----
"""
"""A key that nobody uses, made for these tests by GnuPG; its passphrase is "open sesame"."""


@dataclass
class Keys:
    """A home with a key, and messages to it."""

    home: Home
    folder: Path
    key: Any
    signer: Any

    def message(self, data: bytes = TEXT, *, to: Any = None, signer: Any = None, armor: bool = False) -> bytes:
        return pysequoia.encrypt(
            data,
            recipients=[(to or self.key).extract_certificate()],
            signer=signer.signer() if signer else None,
            armor=armor,
        )

    def read(
        self, data: bytes, name: str = "workers.csv.pgp", *, max_bytes: Any = 10**9, **keys: Any
    ) -> Decrypted | None:
        """Take these bytes, and what is inside of them."""
        path = self.folder / "delivered"
        path.write_bytes(data)
        taken: Taken = take(path, self.home.extracts, self.home.scratch)
        return decrypted(taken, name, Pgp(**{"key_file": str(self.folder / "key"), **keys}), self.home, max_bytes)

    def inside(self, data: bytes, name: str = "workers.csv.pgp", **keys: Any) -> bytes:
        found = self.read(data, name, **keys)
        assert found
        return found.taken.stored.read_bytes()


@pytest.fixture(scope="module")
def made() -> tuple[Any, Any]:
    return pysequoia.Tsk.generate("pipeline"), pysequoia.Tsk.generate("hcm")


@pytest.fixture
def keys(tmp_path: Path, made: tuple[Any, Any]) -> Keys:
    key, signer = made
    private = tmp_path / "key"
    private.touch(0o600)
    private.write_text(str(key))
    (tmp_path / "signer").write_text(str(signer.extract_certificate()))
    return Keys(Home(tmp_path / "home").create(), tmp_path, key, signer)


def zipped(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("workers.csv.pgp", data)
    return out.getvalue()


@pytest.mark.parametrize("armor", [True, False])
def test_a_message_is_stored_as_what_is_inside_whatever_its_own_bytes(keys: Keys, armor: bool) -> None:
    first, second = (keys.read(keys.message(armor=armor)) for _ in range(2))
    assert first
    assert second
    assert (first.taken.sha256, first.taken.stored.read_bytes()) == (second.taken.sha256, TEXT)
    assert first.taken.stored.stat().st_mode & 0o777 == 0o400
    assert "no signature asked for" in first.note
    assert keys.key.extract_certificate().fingerprint[-16:] in first.note
    assert list(keys.home.scratch.iterdir()) == []


@pytest.mark.parametrize("packed", [zipped, gzip.compress], ids=["zip", "gzip"])
def test_a_message_in_an_archive_and_an_archive_in_a_message_are_opened(
    keys: Keys, packed: Callable[[bytes], bytes]
) -> None:
    assert keys.inside(packed(keys.message()), "workers.csv.zip") == TEXT
    assert keys.inside(keys.message(packed(TEXT))) == packed(TEXT)  # the format unpacks it, as any other
    assert keys.inside(keys.message(packed(keys.message()))) == TEXT


@pytest.mark.parametrize("data", [TEXT, b"", gzip.compress(TEXT), zipped(TEXT), zipped(TEXT)[:30], b"\xc1rea,Name\r\n"])
def test_what_is_not_encrypted_is_as_it_was_unless_name_or_profile_say_otherwise(keys: Keys, data: bytes) -> None:
    assert keys.read(data, "workers.csv") is None
    assert keys.read(data, "workers.asc") is None
    for name, required in (("workers.csv", True), ("workers.csv.pgp", False)):
        with pytest.raises(ExtractRefused) as refused:
            keys.read(data, name, required=required)
        assert refused.value.rule == "not_encrypted"


def test_a_signature_is_verified_where_the_profile_names_who_signs(keys: Keys) -> None:
    signers = (str(keys.folder / "signer"),)
    found = keys.read(keys.message(signer=keys.signer), signer_files=signers)
    assert found
    assert f"signed by {keys.signer.extract_certificate().fingerprint[-16:]}" in found.note
    for message in (keys.message(), keys.message(signer=keys.key)):
        with pytest.raises(ExtractRefused) as refused:
            keys.read(message, signer_files=signers)
        assert refused.value.rule == "pgp_signature"
    assert list(keys.home.scratch.iterdir()) == []


@pytest.mark.service
@pytest.mark.skipif(gnupg.program() is None, reason="the program gpg is not installed")
def test_a_signature_inside_of_a_compressed_layer_is_verified_by_gnupg(keys: Keys, tmp_path: Path) -> None:
    plain, out = tmp_path / "plain", tmp_path / "out"
    plain.write_bytes(TEXT)
    (tmp_path / "both").write_text(f"{keys.key}{keys.signer}")

    short = tempfile.TemporaryDirectory()  # a socket's path may not be long
    home = short.name

    def gpg(*arguments: str) -> None:
        common = [
            "gpg",
            "--homedir",
            str(home),
            "--batch",
            "--yes",
            "--trust-model",
            "always",
            "--pinentry-mode",
            "loopback",
        ]
        subprocess.run([*common, *arguments], check=True, capture_output=True)

    to, by = (one.extract_certificate().fingerprint for one in (keys.key, keys.signer))
    signers = (str(keys.folder / "signer"),)
    try:
        gpg("--import", str(tmp_path / "both"))
        gpg("-o", str(out), "--compress-algo", "zlib", "-r", to, "-u", by, "--sign", "--encrypt", str(plain))
        found = keys.read(out.read_bytes(), signer_files=signers)
        gpg("-o", str(out), "--compress-algo", "zlib", "-r", to, "-u", to, "--sign", "--encrypt", str(plain))
    finally:
        subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=True)
        short.cleanup()
    assert found
    assert (found.taken.stored.read_bytes(), found.note.endswith(f"signed by {by[-16:]}")) == (TEXT, True)
    with pytest.raises(ExtractRefused) as refused:
        keys.read(out.read_bytes(), signer_files=signers)
    assert refused.value.rule == "pgp_signature"
    assert keys.inside(out.read_bytes()) == TEXT
    assert list(keys.home.scratch.iterdir()) == []


@pytest.mark.parametrize(
    ("lines", "read"),
    [
        (
            ["[GNUPG:] GOODSIG k u", "[GNUPG:] VALIDSIG AB d t e v r p h c CD", "[GNUPG:] DECRYPTION_OKAY"],
            (True, {"cd"}),
        ),
        (
            ["[GNUPG:] EXPKEYSIG k u", "[GNUPG:] VALIDSIG AB d t e v r p h c CD", "[GNUPG:] DECRYPTION_OKAY"],
            (True, set()),
        ),
        (["[GNUPG:] GOODSIG k u", "[GNUPG:] BADSIG k u", "[GNUPG:] VALIDSIG AB"], (False, set())),
        (["gpg: [GNUPG:] GOODSIG", "[GNUPG:]", "", "[GNUPG:] VALIDSIG AB d t e v r p h c CD"], (False, set())),
    ],
)
def test_only_a_good_signature_of_a_key_that_is_valid_counts(lines: list[str], read: tuple[bool, set[str]]) -> None:
    found = gnupg.told(lines)
    assert (found.decrypted, set(found.signers)) == read


def test_a_wrong_passphrase_is_told_as_one(keys: Keys) -> None:
    """The key of the tests has none, so that every passphrase of it is right; one that is encrypted says what it lacks."""
    (keys.folder / "key").write_text(_ENCRYPTED_KEY)
    secret = keys.folder / "secret"
    secret.touch(0o600)
    message = pysequoia.encrypt(TEXT, recipients=[pysequoia.Cert.from_bytes(_ENCRYPTED_KEY.encode())])
    secret.write_text("open sesame\n")
    assert keys.inside(message, passphrase_file=str(secret)) == TEXT
    secret.write_text("another")
    for named in ({"passphrase_file": str(secret)}, {"passphrase_file": None}):
        with pytest.raises(ExtractRefused, match="no private key that decrypts, or another passphrase"):
            keys.read(message, **named)


def test_a_message_for_another_key_or_without_a_key_in_the_profile_is_refused(keys: Keys) -> None:
    for message, named in (
        (keys.message(to=keys.signer), {}),
        (keys.message(), {"key_file": None}),
        (pysequoia.encrypt(TEXT, passwords=["x"], armor=False), {}),
    ):  # fmt: skip
        with pytest.raises(ExtractRefused) as refused:
            keys.read(message, "workers.csv.pgp", **named)
        assert refused.value.rule == "pgp_key"


def test_a_key_that_others_may_read_or_that_is_none_is_refused_with_the_mend(keys: Keys) -> None:
    (keys.folder / "key").chmod(0o640)
    with pytest.raises(ExtractRefused, match=r"others may read it \(mode 0640\); close it: chmod 600"):
        keys.read(keys.message())
    (keys.folder / "key").chmod(0o600)
    for text in ("no key", str(keys.key.extract_certificate())):
        (keys.folder / "key").write_text(text)
        with pytest.raises(ExtractRefused, match="no private key that decrypts"):
            keys.read(keys.message())
    with pytest.raises(ExtractRefused, match="cannot be read: No such file"):
        keys.read(keys.message(), key_file=str(keys.folder / "none"))


def test_a_signers_file_without_a_key_is_told_and_nothing_is_believed_unsigned(keys: Keys) -> None:
    (keys.folder / "signer").write_text("nobody")
    with pytest.raises(ExtractRefused, match=r"pgp.signer_files: .*: holds no public key"):
        keys.read(keys.message(), signer_files=(str(keys.folder / "signer"),))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=st.floats(0, 1, exclude_max=True), cut=st.booleans())
def test_a_message_that_was_damaged_or_cut_is_refused_or_whole(keys: Keys, where: float, cut: bool) -> None:
    """Whole where only the name of the key was damaged: the key opens it all the same."""
    message = keys.message(TEXT * 3)
    at = int(len(message) * where)
    damaged = message[:at] if cut else message[:at] + bytes([message[at] ^ 0x55]) + message[at + 1 :]
    found, rule = b"", ""
    try:
        found = keys.inside(damaged)
    except ExtractRefused as refused:
        rule = refused.rule
    assert rule in {"pgp_damaged", "pgp_key", "not_encrypted"} or (found == TEXT * 3 and not cut)
    assert list(keys.home.scratch.iterdir()) == []


def test_a_message_that_unfolds_beyond_the_bound_is_stopped_there(keys: Keys) -> None:
    message = keys.message(b"x" * 3_000_000)
    with pytest.raises(ExtractRefused) as refused:
        keys.read(message, max_bytes=1_000_000)
    assert refused.value.rule == "unpacked_too_large"
    assert keys.inside(message, max_bytes=3_000_000) == b"x" * 3_000_000
    assert list(keys.home.scratch.iterdir()) == []


def test_messages_are_told_by_their_first_bytes() -> None:
    assert is_message(b"-----BEGIN PGP MESSAGE-----\n")
    assert is_message(b"\xef\xbb\xbf\r\n-----BEGIN PGP MESSAGE-----\n")
    assert is_message(bytes.fromhex("c16c06"))
    assert is_message(bytes.fromhex("85010c03"))
    for text in (
        b"",
        b"\xc1",
        b"-----BEGIN PGP PUBLIC KEY BLOCK-----",
        b"\x85rsprung;Name",
        b"Number,Name",
        b"\x84,a,b",
    ):
        assert not is_message(text)
