"""Whether a bulk request is one the service takes: the bulkUpload reference as a function of the bytes."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message
from typing import cast

import orjson

from hcm_pipeline.sandbox.options import SandboxOptions

BULK_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
MAX_OPERATIONS = 50

Record = dict[str, object]

TEXTS = ("userName", "displayName", "nickName", "userType", "title", "preferredLanguage", "locale", "timezone")
COLLECTIONS = ("emails", "phoneNumbers", "addresses")
_CANONICAL = {name.lower(): name for name in (*TEXTS, *COLLECTIONS, "externalId", "active", "name", "schemas")}


class InvalidDataFormat(Exception):
    """The request breaks a rule. The message names the rule and the place, never a value."""

    def __init__(self, where: str, rule: str) -> None:
        super().__init__(f"Invalid Data Format. {where}: {rule}")


@dataclass(frozen=True)
class Operation:
    """One operation of an accepted request. `ignored`: accepted and never processed (DELETE)."""

    bulk_id: str
    external_id: str
    data: Record
    ignored: bool = False


def read_bulk(content_type: str | None, body: bytes, rules: SandboxOptions) -> list[Operation]:
    """The request's operations in their order. Raises InvalidDataFormat on the first broken rule."""
    if _media_type(content_type) != "application/scim+json":
        raise InvalidDataFormat("Content-Type", "must be application/scim+json")
    try:
        root = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise InvalidDataFormat("body", "is not JSON") from None
    if not isinstance(root, dict):
        raise InvalidDataFormat("body", "must be a JSON object")
    if root.get("schemas") != [BULK_REQUEST]:
        raise InvalidDataFormat("schemas", f"must be exactly [{BULK_REQUEST}]")
    fail_on_errors = root.get("failOnErrors")
    if fail_on_errors is not None and (isinstance(fail_on_errors, bool) or not isinstance(fail_on_errors, int)):
        raise InvalidDataFormat("failOnErrors", "must be null or an integer")
    operations = root.get("Operations")
    if not isinstance(operations, list) or not 1 <= len(operations) <= MAX_OPERATIONS:
        raise InvalidDataFormat("Operations", f"must be an array of 1 to {MAX_OPERATIONS} operations")
    read = [_operation(f"Operations[{number}]", item, rules) for number, item in enumerate(operations)]
    if rules.strict and len({operation.bulk_id for operation in read}) != len(read):
        raise InvalidDataFormat("Operations", "bulkId must be unique within the request")
    return read


def _media_type(header: str | None) -> str:
    message = Message()
    message["Content-Type"] = header or ""
    return message.get_content_type()


def _operation(where: str, item: object, rules: SandboxOptions) -> Operation:
    if not isinstance(item, dict):
        raise InvalidDataFormat(where, "must be an object")
    method, path, bulk_id, data = (item.get(key) for key in ("method", "path", "bulkId", "data"))
    deletes = method == "DELETE" and not rules.rejects_delete
    if method != "POST" and not deletes:
        raise InvalidDataFormat(f"{where}.method", "must be POST")
    spelled = path.lower() if isinstance(path, str) and not rules.strict else path
    if spelled not in (("/Users",) if rules.strict else ("/users",)):
        raise InvalidDataFormat(f"{where}.path", "must be /Users")
    if not isinstance(bulk_id, str) or not bulk_id:
        raise InvalidDataFormat(f"{where}.bulkId", "must be a non-empty string")
    if not isinstance(data, dict):
        raise InvalidDataFormat(f"{where}.data", "must be an object")
    record = cast("Record", data) if rules.strict else _canonical(data)
    external_id = record.get("externalId")
    if not isinstance(external_id, str) or not external_id.strip():
        raise InvalidDataFormat(f"{where}.data.externalId", "must be a non-empty string")
    _check_schemas(f"{where}.data", record, rules)
    _check_types(f"{where}.data", record)
    return Operation(bulk_id, external_id, record, ignored=deletes)


def _canonical(data: dict[str, object]) -> Record:
    """Names in the reference's spelling, and flags written as words turned into flags."""
    record = {_CANONICAL.get(key.lower(), key): value for key, value in data.items()}
    active = record.get("active")
    if isinstance(active, str) and active.lower() in ("true", "false"):
        record["active"] = active.lower() == "true"
    return record


def _check_schemas(where: str, record: Record, rules: SandboxOptions) -> None:
    declared = record.get("schemas")
    if not isinstance(declared, list) or not all(isinstance(urn, str) for urn in declared):
        raise InvalidDataFormat(f"{where}.schemas", "must be an array of URNs")
    needed = [CORE, ENTERPRISE] if rules.strict else [CORE]
    if rules.strict:
        needed += [key for key in record if key.lower().startswith("urn:")]
    for urn in needed:
        if urn not in declared:
            raise InvalidDataFormat(f"{where}.schemas", f"must contain {urn}")


def _check_types(where: str, record: Record) -> None:
    """Null is allowed everywhere: it clears, or is skipped."""
    for key in TEXTS:
        if not isinstance(record.get(key), str | None):
            raise InvalidDataFormat(f"{where}.{key}", "must be a string")
    if not isinstance(record.get("active"), bool | None):
        raise InvalidDataFormat(f"{where}.active", "must be true or false")
    for key in COLLECTIONS:
        entries = record.get(key)
        if entries is None:
            continue
        if not isinstance(entries, list):
            raise InvalidDataFormat(f"{where}.{key}", "must be an array")
        for number, entry in enumerate(entries):
            _check_texts(f"{where}.{key}[{number}]", entry, besides=("primary",))
    if record.get("name") is not None:
        _check_texts(f"{where}.name", record["name"])
    for key, value in record.items():
        if key.lower().startswith("urn:") and not isinstance(value, dict | None):
            raise InvalidDataFormat(f"{where}.{key}", "must be an object")
    enterprise = record.get(ENTERPRISE)
    if isinstance(enterprise, dict):
        _check_texts(f"{where}.{ENTERPRISE}", enterprise, besides=("manager",))
        if enterprise.get("manager") is not None:
            _check_texts(f"{where}.{ENTERPRISE}.manager", enterprise["manager"])


def _check_texts(where: str, value: object, besides: tuple[str, ...] = ()) -> None:
    if not isinstance(value, dict):
        raise InvalidDataFormat(where, "must be an object")
    for key, text in value.items():
        if key not in besides and not isinstance(text, str | None):
            raise InvalidDataFormat(f"{where}.{key}", "must be a string")
