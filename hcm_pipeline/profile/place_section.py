"""`[[places]]` and `[pgp]`: where extracts are delivered to besides the landing folder, and the keys of those that are encrypted.

No secret stands here: keys and passwords are where SSH, AWS, Azure and OCI keep them, or in files that only their owner may read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args
from urllib.parse import unquote, urlsplit

from pydantic import Field

from hcm_pipeline.errors import ProfileFault
from hcm_pipeline.profile.value_types import MINUTES, Identifier, Model

PlaceKind = Literal["file", "sftp", "s3", "az", "oci", "ucm"]
SETTLES: dict[str, float] = {"file": 2.0, "sftp": 10.0, "s3": 0.0, "az": 0.0, "oci": 0.0, "ucm": 0.0}
"""Seconds for which a file must not have changed, by kind: an object appears whole."""
KEYS_OF = {
    "known_hosts": ("sftp",), "host_key": ("sftp",), "key_file": ("sftp",), "password_file": ("sftp",),
    "endpoint": ("s3", "az", "oci"), "region": ("s3", "oci"), "search": ("ucm",), "service_path": ("ucm",),
}  # fmt: skip
"""Keys of a place that belong to some kinds only."""
FORMS = {
    "file": "file:///folder",
    "sftp": "sftp://user@host[:port]/folder",
    "s3": "s3://bucket/prefix",
    "az": "az://account/container/prefix",
    "oci": "oci://namespace/bucket/prefix",
    "ucm": "ucm://content",
}
_KINDS: dict[str, PlaceKind] = {kind: kind for kind in get_args(PlaceKind)}
_HOST = r"[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]"
_ENDPOINT = re.compile(rf"(https://({_HOST})|http://(localhost|127\.0\.0\.1|\[::1\]))(:\d{{1,5}})?(/[^?#\s]*)?")
_HOST_KEY = re.compile(r"SHA256:[A-Za-z0-9+/]{43}=?")


@dataclass(frozen=True)
class Address:
    """The parts of a place's address. `root` is its host, bucket or account; `folder` has no slash at its ends, but for a folder
    that begins at the top of a machine."""

    kind: PlaceKind
    root: str
    user: str | None
    port: int | None
    folder: str


class PlaceSpec(Model):
    """A place outside the home where files wait to be taken: a folder, SFTP, object storage, WebCenter Content."""

    name: Identifier
    url: str = Field(min_length=1, max_length=2000)
    """Its kind and address, see `FORMS`."""
    glob: str = Field("*", min_length=1, max_length=1000)
    """Other names are not looked at. So is every name that fits no source of the place."""
    after: Literal["leave", "move", "delete"] = "leave"
    """The fate of a file that was taken."""
    move_to: str | None = Field(None, min_length=1, max_length=1000)
    """The folder or prefix, below that of the address, into which taken files move."""
    settle_seconds: float | None = Field(None, ge=0, le=3600)
    """A file that changed so few seconds ago may still be written. None: by the kind, see `SETTLES`."""
    ready: str | None = Field(None, pattern=r"^\.[A-Za-z0-9._-]{1,30}$")
    """A file is complete when another one lies beside it, with its name and this ending."""
    every_minutes: float = Field(1.0, ge=0.25, le=MINUTES)
    """How often the sensor looks there."""
    patience_seconds: float = Field(60.0, ge=0, le=3600)
    """For how long a command or a run tries again when the place does not answer."""
    known_hosts: str | None = Field(None, min_length=1)
    """A file of host keys in the form of OpenSSH. None: the user's and the machine's."""
    host_key: tuple[str, ...] = ()
    """Fingerprints of the server's host keys, instead of a file of them."""
    key_file: str | None = Field(None, min_length=1)
    """The private key that signs in. None: the agent's, and the user's own."""
    password_file: str | None = Field(None, min_length=1)
    """A file, mode 0600, whose first line is the password."""
    endpoint: str | None = Field(None, max_length=1000)
    """The address of an object store that is not the cloud's own."""
    region: str | None = Field(None, pattern=r"^[a-z0-9-]{1,40}$")
    search: str | None = Field(None, min_length=1, max_length=2000)
    """The question to WebCenter Content, in its query language."""
    service_path: str = Field("/idcws/GenericSoapPort", pattern=r"^/[A-Za-z0-9/._-]*$")

    @property
    def address(self) -> Address:
        """The parts of the address. Raises ValueError for one that is none."""
        return address(self.url)

    @property
    def settle(self) -> float:
        """Seconds for which a file must not have changed."""
        return SETTLES[self.address.kind] if self.settle_seconds is None else self.settle_seconds


class Pgp(Model):
    """Keys for encrypted files. Paths are of this machine; key and passphrase are for their owner only (mode 0600)."""

    key_file: str | None = Field(None, min_length=1)
    """The private key to which files are encrypted, armored or not."""
    passphrase_file: str | None = Field(None, min_length=1)
    """Its first line opens the key. None: the key has no passphrase."""
    signer_files: tuple[str, ...] = ()
    """Public keys. Where there is one, a file counts only with a good signature by one of them."""
    required: bool = False
    """Whether a file that is not encrypted is refused."""


def address(url: str) -> Address:
    """The parts of a place's address. Raises ValueError for one that is none, and says what is allowed."""
    allowed = ", ".join(FORMS.values())
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(f"one of {allowed}") from None
    if parts.scheme not in FORMS:
        raise ValueError(f"one of {allowed}")
    if parts.password is not None:
        raise ValueError("an address without a password: an agent, key_file or password_file signs in")
    if parts.query or parts.fragment or any(ord(sign) < 0x20 for sign in unquote(url)):
        raise ValueError(f"an address that ends before ? and #: {FORMS[parts.scheme]}")
    kind = _KINDS[parts.scheme]
    folder, root = unquote(parts.path), parts.hostname or ""
    if kind == "file":
        fits = not parts.netloc and folder.startswith("/")
    elif kind == "sftp":
        fits = bool(root)
    else:
        fits = bool(parts.netloc) and parts.username is None and port is None
        root, folder = parts.netloc, folder.strip("/")  # upper and lower case differ here
    if kind in ("az", "oci"):
        container, _, folder = folder.partition("/")
        fits, root = fits and bool(container), f"{root}/{container}"
    if not fits or any(part in (".", "..") for part in folder.split("/")):
        raise ValueError(FORMS[kind])
    return Address(kind, root, parts.username and unquote(parts.username), port, folder.rstrip("/") or folder[:1])


def place_faults(places: tuple[PlaceSpec, ...]) -> Iterator[ProfileFault]:
    """Every key of a place that does not fit another one."""
    for i, place in enumerate(places):
        where = f"places[{i}]"
        if place.name in [other.name for other in places[:i]]:
            yield ProfileFault(f"{where}.name", repr(place.name), "names of places differ from each other")
        try:
            kind = place.address.kind
        except ValueError as error:
            shown = "(hidden)" if "password" in str(error) else repr(place.url)
            yield ProfileFault(f"{where}.url", shown, str(error))
            continue
        for key, kinds in KEYS_OF.items():
            if key in place.model_fields_set and kind not in kinds:
                yield ProfileFault(f"{where}.{key}", repr(getattr(place, key)), f"a key of {', '.join(kinds)} only")
        yield from _after_faults(where, place, kind)
        yield from _connection_faults(where, place, kind)


def _after_faults(where: str, place: PlaceSpec, kind: PlaceKind) -> Iterator[ProfileFault]:
    if (place.after == "move") != (place.move_to is not None):
        yield ProfileFault(f"{where}.move_to", repr(place.move_to), "a folder, with after = 'move' and nothing else")
    parts = (place.move_to or "x").strip("/").split("/")
    if any(part in ("", ".", "..") or any(ord(sign) < 0x20 for sign in part) for part in parts):
        yield ProfileFault(
            f"{where}.move_to", repr(place.move_to), "a folder below that of the address: done, or old/taken"
        )
    if kind == "ucm" and place.after != "leave":
        yield ProfileFault(f"{where}.after", repr(place.after), "leave: content of WebCenter is not changed")


def _connection_faults(where: str, place: PlaceSpec, kind: PlaceKind) -> Iterator[ProfileFault]:
    if place.endpoint is not None and not _ENDPOINT.fullmatch(place.endpoint):
        allowed = "https:// and a host: nothing is sent without TLS but on this machine"
        yield ProfileFault(f"{where}.endpoint", repr(place.endpoint), allowed)
    if kind == "oci" and place.endpoint is None and place.region is None:
        yield ProfileFault(f"{where}.region", "(missing)", "the region of the namespace, such as eu-frankfurt-1")
    if place.known_hosts is not None and place.host_key:
        yield ProfileFault(
            f"{where}.host_key", repr(list(place.host_key)), "fingerprints, or known_hosts, and not both"
        )
    for key in place.host_key:
        if not _HOST_KEY.fullmatch(key):
            yield ProfileFault(
                f"{where}.host_key", repr(key), "SHA256:..., as `ssh-keyscan HOST | ssh-keygen -lf -` prints it"
            )
    if kind == "ucm" and place.search is None:
        allowed = "a query of WebCenter Content, such as dDocTitle <starts> `workers`"
        yield ProfileFault(f"{where}.search", "(missing)", allowed)
