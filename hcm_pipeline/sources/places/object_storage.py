"""A prefix of a bucket: Amazon S3 and what speaks its protocol, Azure Blob Storage, OCI Object Storage.

Sign-in is as with the clouds' own tools: the variables `AWS_*` and `AZURE_*`, the files of the AWS command line, the identity of
the machine. An object appears whole, and is read as the very version that the listing told.
"""

from __future__ import annotations

import configparser
import datetime as dt
import os
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import obstore
from obstore import exceptions as faults
from obstore import store as stores

from hcm_pipeline.errors import ServiceError, SignInFailed
from hcm_pipeline.http import TryAgain
from hcm_pipeline.profile import PlaceSpec
from hcm_pipeline.sources.places.far_store import Changed, Gone, Thing

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import ClientConfig

OCI = "https://{namespace}.compat.objectstorage.{region}.oraclecloud.com"
"""Where OCI Object Storage speaks the protocol of S3; the keys are "customer secret keys" of a user."""
_CHUNK = 4 << 20
_STATUS = re.compile(r"status(?: code)?: (\d{3})\b")
_CODE = re.compile(r"<Code>([A-Za-z]{1,60})</Code>")
_NOBODY = ("169.254.169.254", "credential", "metadata/identity", "msi")
_NO_KEYS = (
    "no keys in the environment (AWS_ACCESS_KEY_ID, AZURE_STORAGE_ACCOUNT_KEY ...), no profile in ~/.aws/credentials, and no"
    " identity of this machine"
)


def open_bucket(spec: PlaceSpec) -> Bucket:
    """The store of a place of kind s3, az or oci. Nothing is connected yet. Raises ServiceError for one that cannot be used."""
    at = spec.address
    client: ClientConfig = {"connect_timeout": "10s", "read_timeout": "60s", "timeout": "24h"}
    endpoint = spec.endpoint
    if endpoint and urlsplit(endpoint).scheme == "http":  # on this machine only; the profile sees to it
        client["allow_http"] = True
    retries: Any = {"max_retries": 2, "retry_timeout": dt.timedelta(seconds=20)}
    try:
        if at.kind == "az":
            account, _, container = at.root.partition("/")
            azure: dict[str, Any] = {"endpoint": endpoint} if endpoint else {}
            opened: Any = stores.AzureStore(
                container, account_name=account, client_options=client, retry_config=retries, **azure
            )
            return Bucket(opened, at.folder, f"{account}/{container}")
        bucket, settings = at.root, aws_files(os.environ)
        if spec.region:
            settings["region"] = spec.region
        if at.kind == "oci":
            namespace, _, bucket = at.root.partition("/")
            endpoint = endpoint or OCI.format(namespace=namespace, region=spec.region)
        if endpoint:
            settings["endpoint"] = endpoint
        settings["disable_bulk_delete"] = True  # one at a time, which every store that speaks the protocol knows
        opened = stores.S3Store(bucket, client_options=client, retry_config=retries, **settings)
    except (faults.BaseError, ValueError) as error:
        raise ServiceError(f"{at.root} cannot be opened; correct the address and its keys") from error
    return Bucket(opened, at.folder, bucket)


def aws_files(environ: Mapping[str, str]) -> dict[str, Any]:
    """Keys and region of the files of the AWS command line, as far as no variable has them: those of AWS_PROFILE, or `default`."""
    profile = environ.get("AWS_PROFILE") or "default"
    found: dict[str, Any] = {}
    shared = _section(environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials", profile)
    if not environ.get("AWS_ACCESS_KEY_ID") and "aws_access_key_id" in shared:
        names = {
            "access_key_id": "aws_access_key_id",
            "secret_access_key": "aws_secret_access_key",
            "session_token": "aws_session_token",
        }
        found |= {key: shared[name] for key, name in names.items() if name in shared}
    config = _section(
        environ.get("AWS_CONFIG_FILE") or "~/.aws/config", profile if profile == "default" else f"profile {profile}"
    )
    if not (environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")) and "region" in config:
        found["region"] = config["region"]
    return found


def _section(file: str, name: str) -> dict[str, str]:
    parser = configparser.RawConfigParser()
    try:
        parser.read(Path(file).expanduser(), encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError, RuntimeError) as error:
        raise ServiceError(f"{file}: cannot be read as a file of the AWS command line; correct it") from error
    return dict(parser[name]) if parser.has_section(name) else {}


class Bucket:
    """A store that is a prefix of a bucket or container. An object is known by entity tag, size and time of its last change."""

    def __init__(self, store: Any, prefix: str, name: str) -> None:
        self._store = store
        self._prefix = prefix
        self._name = name

    def listing(self) -> Sequence[Thing]:
        """See `Store`. Objects whose names go on after a slash are no things of this prefix."""
        with self._told():
            found = obstore.list_with_delimiter(self._store, self._prefix or None)["objects"]
            start = f"{self._prefix}/" if self._prefix else ""  # a "folder" that a console made is listed in itself
            return [_thing(meta, start) for meta in found if meta["path"].startswith(start)]

    def read(self, thing: Thing) -> Iterator[bytes]:
        """See `Store`."""
        path = self._path(thing.name)
        with self._told():
            got = obstore.get(self._store, path)  # one answer: what it tells of the version is true of its bytes
            if _mark(got.meta) != thing.mark:
                raise Changed
            for chunk in got.stream(min_chunk_size=_CHUNK):
                yield bytes(chunk)

    def delete(self, thing: Thing) -> None:
        """See `Store`. No object store deletes one version only: what replaces it within the time of one call is lost."""
        path = self._path(thing.name)
        with self._told():
            self._require(path, thing)
            obstore.delete(self._store, path)

    def move(self, thing: Thing, folder: str) -> None:
        """See `Store`. Object stores copy and delete."""
        path = self._path(thing.name)
        with self._told():
            self._require(path, thing)
            target = self._free(f"{self._within(folder)}/{thing.name}")
            obstore.copy(self._store, path, target)
            if thing.size is not None and obstore.head(self._store, target)["size"] != thing.size:
                raise Changed
            self._require(path, thing)
            obstore.delete(self._store, path)

    def close(self) -> None:
        """Connections close by themselves."""

    def _require(self, path: str, thing: Thing) -> None:
        if _mark(obstore.head(self._store, path)) != thing.mark:
            raise Changed

    def _free(self, path: str) -> str:
        try:
            obstore.head(self._store, path)
        except FileNotFoundError:
            return path
        return f"{path}~{secrets.token_hex(4)}"

    def _within(self, folder: str) -> str:
        return f"{self._prefix}/{folder}" if self._prefix else folder

    def _path(self, name: str) -> str:
        return self._within(name)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Faults as a store tells them. Their texts name hosts and paths, and no keys."""
        try:
            yield
        except FileNotFoundError as error:
            if "NoSuchBucket" in str(error) or "ContainerNotFound" in str(error):
                raise ServiceError(
                    f"{self._name}: there is no such bucket or container; correct the address"
                ) from error
            raise Gone from None
        except (faults.PreconditionError, faults.NotModifiedError):
            raise Changed from None
        except (faults.PermissionDeniedError, faults.UnauthenticatedError) as error:
            raise SignInFailed(
                f"{self._name} refused the sign-in or the right to do this; have the identity given the right to list, read and (to"
                " move or delete) write there"
            ) from error
        except (faults.BaseError, ValueError) as error:
            raise self._generic(error) from error

    def _generic(self, error: Exception) -> Exception:
        """By status and code of the answer. The text of the library is not quoted: it holds addresses, some of which hold keys."""
        text = str(error)
        lower = text.lower()
        if "parsing path" in lower or "illegal character" in lower:
            return ServiceError(
                f"{self._name}: an object there has a name that cannot be listed (control characters, empty parts, . or ..); rename"
                " or delete it"
            )
        status, code = _STATUS.search(text), _CODE.search(text)
        number = int(status[1]) if status else 0
        said = f"{number}{f' {code[1]}' if code else ''}"
        if number == 404:
            return ServiceError(f"{self._name}: there is no such bucket or container ({said}); correct the address")
        if number in (400, 401, 403):
            return SignInFailed(
                f"{self._name} refused the request ({said}); check the keys and the region, and have the identity given the"
                " right to list and read there, and to write where files are moved or deleted"
            )
        if number and number != 429 and number < 500:
            return ServiceError(f"{self._name} refused the request ({said}); check the region and the endpoint")
        if any(word in lower for word in _NOBODY):
            return SignInFailed(f"{self._name}: nobody to sign in as: {_NO_KEYS}")
        return TryAgain(f"{self._name} {f'answered {said}' if number else 'cannot be reached or broke off'}")


def _thing(meta: ObjectMeta, start: str) -> Thing:
    return Thing(meta["path"].removeprefix(start), _mark(meta), meta["size"], meta["last_modified"])


def _mark(meta: ObjectMeta) -> str:
    """Entity tag, size, seconds. A listing and an answer write the same time in several ways; Azure quotes no tag in a listing."""
    tag = (meta["e_tag"] or "").removeprefix("W/").strip('"')
    return f"{tag}|{meta['size']}|{int(meta['last_modified'].timestamp())}"
