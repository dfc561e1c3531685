"""Files encrypted with OpenPGP: told by their first bytes, decrypted as a stream, and signatures verified where a signer is named.

The bytes that are stored are those that were encrypted. A message has other bytes each time that the same text is encrypted, so
only what is inside says whether an extract is known already; and no extract depends on a key that is changed some day.
"""

from __future__ import annotations

import resource
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hcm_pipeline.errors import ExtractRefused, ServiceError
from hcm_pipeline.extracts import Taken, take
from hcm_pipeline.home import Home
from hcm_pipeline.profile import Pgp
from hcm_pipeline.sources import gnupg
from hcm_pipeline.sources.places.secret_files import first_line, own_file
from hcm_pipeline.sources.unpack import unpacked

if TYPE_CHECKING:
    from pysequoia import Cert, PyDecryptor, Tsk

ENDINGS = (".pgp", ".gpg")
"""Of names that promise a message. `.asc` may be any text."""
ARMOR = b"-----BEGIN PGP MESSAGE-----"
MOST_LAYERS = 3
"""A message in an archive in a message is still read."""


@dataclass(frozen=True)
class Decrypted:
    """The inside of a message, stored, and how it came out of the message: for people, without values."""

    taken: Taken
    note: str


def decrypted(taken: Taken, name: str, pgp: Pgp, home: Home, max_bytes: int) -> Decrypted | None:
    """The inside of stored bytes that are encrypted, a packed message among them; None: they are not.

    `taken.stored` stays where it is. Raises ExtractRefused: pgp_key, pgp_damaged, pgp_signature, not_encrypted, unpacked_too_large.
    """
    at, notes = taken, []
    with tempfile.TemporaryDirectory(prefix="open-", dir=home.scratch) as folder:
        for layer in range(MOST_LAYERS):
            message = _message(at.stored, name, Path(folder) / f"message-{layer}", max_bytes)
            if message is None:
                break
            plain = Path(folder) / f"plain-{layer}"
            notes.append(_decrypt(message, plain, name, pgp, max_bytes))
            at = Taken("", plain.stat().st_size, plain)
        if notes:
            kept = take(at.stored, home.extracts, home.scratch)
            return Decrypted(Taken(kept.sha256, kept.size, kept.stored, taken.seen, kept.mended), "; ".join(notes))
    if pgp.required or name.lower().endswith(ENDINGS):
        raise ExtractRefused(
            name, "not_encrypted", "it is not encrypted with OpenPGP; have it encrypted, or correct its name"
        )
    return None


def is_message(head: bytes) -> bool:
    """Whether bytes begin an OpenPGP message: armored, or with the packet of a session key (RFC 9580, 4.2 and 5.1)."""
    if head.lstrip(b"\r\n\t \xef\xbb\xbf").startswith(ARMOR):
        return True
    old = {0x84: 2, 0x85: 3, 0x86: 5, 0x8C: 2, 0x8D: 3}
    if not head:
        return False
    if head[0] in (0xC1, 0xC3):
        at = 2 if len(head) > 1 and head[1] < 192 else 6 if len(head) > 1 and head[1] == 255 else 3
    elif head[0] in old:
        at = old[head[0]]
    else:
        return False
    return len(head) > at and head[at] in (3, 4, 5, 6)  # the version: a control character, which no text holds


def _message(stored: Path, name: str, target: Path, max_bytes: int) -> Path | None:
    """The message that a file is or holds packed; None: it is none."""
    with stored.open("rb") as file:
        head = file.read(64)
    if is_message(head):
        return stored
    if head[:2] != b"\x1f\x8b" and head[:4] != b"PK\x03\x04":
        return None
    try:
        with unpacked(stored, name, max_bytes) as (_, chunks):
            first = next(chunks, b"")
            if not is_message(first[:64]):
                return None
            with target.open("wb") as out:
                out.write(first)
                out.writelines(chunks)
    except ExtractRefused as error:
        if error.rule == "unpacked_too_large":
            raise
        return None  # the format says what is wrong with it
    return target


def _decrypt(message: Path, plain: Path, name: str, pgp: Pgp, max_bytes: int) -> str:
    if pgp.key_file is None:
        raise ExtractRefused(name, "pgp_key", "it is encrypted, and the profile names no key: set pgp.key_file")
    import pysequoia

    try:
        key = pysequoia.Tsk.from_file(str(own_file("pgp.key_file", pgp.key_file)))
        passphrase = first_line("pgp.passphrase_file", pgp.passphrase_file) if pgp.passphrase_file else None
        signers = [cert for file in pgp.signer_files for cert in _certificates(file)]
        decryptor = key.decryptor(passphrase)
    except ServiceError as error:
        raise ExtractRefused(name, "pgp_key", str(error)) from error
    except Exception as error:  # pysequoia has no errors of its own
        raise ExtractRefused(
            name,
            "pgp_key",
            f"{pgp.key_file}: no private key that decrypts, or another passphrase; correct pgp.key_file",
        ) from error
    plain.touch(0o600)
    try:
        with _at_most(max_bytes):
            result = pysequoia.decrypt_file(
                str(message), str(plain), decryptor=decryptor, store=(lambda _ids: signers) if signers else None
            )
    except Exception as error:
        if signers and "unexpected message structure" in _first(error):
            return _signed_within(message, plain, name, pgp, max_bytes, {cert.fingerprint for cert in signers})
        if not _opens(key, decryptor):
            raise _no_key(pgp, name) from error
        raise _refusal(error, name, plain, max_bytes, signed=bool(signers)) from error
    if plain.stat().st_size > max_bytes:
        raise _too_large(name, max_bytes)
    fingerprint = key.extract_certificate().fingerprint
    note = f"decrypted with the key {fingerprint[-16:]}"
    if not signers:
        return f"{note}, no signature asked for"
    known = {cert.fingerprint for cert in signers}
    valid = sorted({one.certificate for one in result.valid_sigs} & known)
    if not valid:
        raise _unsigned(name)
    return f"{note}, signed by {valid[0][-16:]}"


def _opens(key: Tsk, decryptor: PyDecryptor) -> bool:
    """Whether a key decrypts at all: a wrong passphrase shows in no other way. One that cannot be tried is believed."""
    import pysequoia

    try:
        own = pysequoia.encrypt(b"x", recipients=[key.extract_certificate()])
    except Exception:  # it has expired: what was encrypted before can be read
        return True
    try:
        return pysequoia.decrypt(own, decryptor=decryptor).bytes == b"x"
    except Exception:
        return False


def _signed_within(message: Path, plain: Path, name: str, pgp: Pgp, max_bytes: int, known: set[str]) -> str:
    """Read a message that is signed inside of a compressed layer."""
    if gnupg.program() is None:
        raise ExtractRefused(
            name,
            "pgp_signature",
            "it is signed inside of a compressed layer, which the program gpg verifies; install GnuPG",
        )
    assert pgp.key_file
    key = own_file("pgp.key_file", pgp.key_file)
    passphrase = first_line("pgp.passphrase_file", pgp.passphrase_file) if pgp.passphrase_file else None
    files = [Path(file).expanduser() for file in pgp.signer_files]
    read = gnupg.read_message(message, plain, key, passphrase, files, max_bytes)
    if plain.stat().st_size > max_bytes:
        raise _too_large(name, max_bytes)
    if not read.decrypted:
        raise _damaged(name)
    valid = sorted(read.signers & known)
    if not valid:
        raise _unsigned(name)
    return f"decrypted with {Path(pgp.key_file).name}, signed by {valid[0][-16:]}"


def _certificates(file: str) -> list[Cert]:
    import pysequoia

    path = Path(file).expanduser()
    try:
        return list(pysequoia.Cert.split_bytes(path.read_bytes()))
    except OSError as error:
        raise ServiceError(f"pgp.signer_files: {path}: cannot be read: {error.strerror}; put the file there") from error
    except Exception as error:
        raise ServiceError(f"pgp.signer_files: {path}: holds no public key; export it anew") from error


def _refusal(error: Exception, name: str, plain: Path, max_bytes: int, *, signed: bool) -> Exception:
    """The meaning of a failed decryption. pysequoia tells all faults as one kind, by text."""
    text = _first(error)
    if plain.stat().st_size >= max_bytes:
        return _too_large(name, max_bytes)
    if "no space left" in text or "disk quota" in text:
        return error
    if signed and ("signature" in text or "verif" in text):
        return _unsigned(name)
    if "no key to decrypt" in text:
        return ExtractRefused(
            name, "pgp_key", "it is encrypted for other keys than pgp.key_file; have it encrypted for that one"
        )
    if "policy rejected" in text:
        return ExtractRefused(
            name, "pgp_damaged", "it is encrypted or signed in a way that is no longer safe; have it encrypted with AES"
        )
    return _damaged(name)


def _damaged(name: str) -> ExtractRefused:
    why = "the encrypted message is damaged or cut short; have it delivered again"
    return ExtractRefused(name, "pgp_damaged", why)


def _no_key(pgp: Pgp, name: str) -> ExtractRefused:
    why = f"{pgp.key_file}: no private key that decrypts, or another passphrase; correct pgp.key_file"
    return ExtractRefused(name, "pgp_key", why)


def _first(error: Exception) -> str:
    """The first line of an error's text: a trace follows that names everything."""
    return str(error).partition("\n")[0].lower()


def _unsigned(name: str) -> ExtractRefused:
    return ExtractRefused(
        name,
        "pgp_signature",
        "it has no good signature by one of pgp.signer_files; have it signed, or name the key that signs",
    )


def _too_large(name: str, max_bytes: int) -> ExtractRefused:
    return ExtractRefused(
        name,
        "unpacked_too_large",
        f"decrypted it is larger than the {max_bytes:,} bytes that the source allows; if the file is right, raise max_bytes",
    )


@contextmanager
def _at_most(size: int) -> Iterator[None]:
    """No file of this process grows beyond so many bytes: the library writes as much as a message unfolds to."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    bound = size + 1 if hard == resource.RLIM_INFINITY else min(size + 1, hard)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bound if soft == resource.RLIM_INFINITY else min(bound, soft), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
