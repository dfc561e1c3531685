"""The schema that a fresh job has: what the cycles do without another one, as Graph's `synchronizationSchema`.

No export of the two templates' own default is published. Names, types and lengths are those of the SCIM user, of the user resource
and of worksheets 4 and 6.
"""

from __future__ import annotations

import uuid
from typing import Any

from hcm_pipeline.sandbox.ad_accounts import ad_change
from hcm_pipeline.sandbox.attribute_mapping import (
    AD_CUSTOM_TARGETS,
    AD_TARGETS,
    CUSTOM_TARGETS,
    MANAGER,
    REQUIRED,
    TARGETS,
    WORK,
)
from hcm_pipeline.sandbox.bulk import ENTERPRISE
from hcm_pipeline.sandbox.log_service import TEMPLATES
from hcm_pipeline.sandbox.options import SandboxOptions
from hcm_pipeline.sandbox.provision import LONGEST

CUSTOM_URN = "urn:ietf:params:scim:schemas:extension:contoso:1.0:User"
"""Stands in the schema for whatever URN an organisation chose: hire and termination date are matched by their name."""
SOURCE = "API"

UNMAPPED = (
    "nickName", "profileUrl", "locale", "timezone", "name.formatted", "name.middleName", "name.honorificPrefix",
    "name.honorificSuffix", "userType", "preferredLanguage", f"{ENTERPRISE}:employeeNumber", f"{ENTERPRISE}:costCenter",
    f"emails{WORK}.value", f"phoneNumbers{WORK}.value",
)  # fmt: skip
"""Attributes of the SCIM user that the schema knows, mapped or not."""

EXTENSIONS = tuple(f"extensionAttribute{number}" for number in range(1, 16))
ENTRA_BESIDES = (
    "mailNickname", "usageLocation", "otherMails", "facsimileTelephoneNumber", "employeeHireDate", "employeeLeaveDateTime",
    "userType", "passwordProfile.password", "IsSoftDeleted", *EXTENSIONS, "mail", "preferredLanguage", "employeeType", "mobile",
    "employeeOrgData.costCenter", "ageGroup", "consentProvidedForMinor", "otherMobile", "preferredDataLocation",
    "showInAddressList", "sipProxyAddress",
)  # fmt: skip
ENTRA_READ_ONLY = (
    "objectId",
    "proxyAddresses",
    "onPremisesSyncEnabled",
    "onPremisesDistinguishedName",
    "createdDateTime",
)
AD_BESIDES = (
    *EXTENSIONS, "sAMAccountName", "cn", "parentDistinguishedName", "accountExpires", "assistant", "c", "carLicense", "comment",
    "countryCode", "departmentNumber", "description", "displayNamePrintable", "employeeNumber", "employeeType",
    "facsimileTelephoneNumber", "generationQualifier", "homeDirectory", "homeDrive", "homePhone", "info", "initials", "ipPhone",
    "mail", "mailNickname", "middleName", "mobile", "msExchHideFromAddressLists", "msExchPoliciesExcluded", "otherTelephone",
    "pager", "personalTitle", "postOfficeBox", "preferredLanguage", "profilePath", "proxyAddresses", "pwdLastSet", "roomNumber",
    "scriptPath", "street", "targetAddress", "uid", "url", "userWorkstations", "wWWHomePage",
    *(f"msDS-cloudExtensionAttribute{number}" for number in range(1, 21)),
)  # fmt: skip
"""Attributes of the user class that the default mappings leave alone."""
AD_READ_ONLY = ("objectGUID", "distinguishedName", "whenCreated", "objectSid")
MULTIVALUED = (
    "carLicense", "departmentNumber", "msExchPoliciesExcluded", "otherMails", "otherMobile", "otherTelephone",
    "postOfficeBox", "proxyAddresses", "roomNumber", "uid", "url",
)  # fmt: skip
INTEGERS = ("accountExpires", "countryCode", "pwdLastSet")

Json = dict[str, Any]


def directory_name(kind: str, rules: SandboxOptions) -> str:
    """How the target directory of a template is called."""
    return rules.target_directory or TEMPLATES[kind][2]


def default_schema(kind: str, schema_id: str, rules: SandboxOptions) -> Json:
    """`synchronizationSchema` of a template: externalId to the employee number as the match."""
    to_ad = kind == "API2AD"
    own = AD_CUSTOM_TARGETS if to_ad else CUSTOM_TARGETS
    mappings = {
        **(AD_TARGETS if to_ad else TARGETS),
        **{f"{CUSTOM_URN}:{name}": target for name, target in own.items()},
    }
    if not rules.map_mobile:
        mappings = {source: target for source, target in mappings.items() if target != "mobile"}
    flows = {source: target not in REQUIRED and rules.flows_nulls(source) for source, target in mappings.items()}
    flows |= {source: rules.flows_nulls(source) for source in UNMAPPED if source not in flows}
    if to_ad:
        mappings = {source: ad_change((target, None, None))[0] for source, target in mappings.items()}
    target = directory_name(kind, rules)
    name = f"Provision API {ENTERPRISE}s"
    return {
        "id": schema_id,
        "version": "v1",
        "directories": [
            _directory(kind, SOURCE, ENTERPRISE, [source_attribute(one, flows=on) for one, on in flows.items()]),
            _directory(kind, target, "User", _target_attributes(list(mappings.values()), to_ad=to_ad)),
        ],
        "synchronizationRules": [
            {
                "id": kind,
                "name": "USER_INBOUND_USER",
                "priority": 1,
                "editable": True,
                "sourceDirectoryName": SOURCE,
                "targetDirectoryName": target,
                "metadata": [],
                "objectMappings": [
                    {
                        "name": name,
                        "enabled": True,
                        "flowTypes": "Add, Update, Delete",
                        "sourceObjectName": ENTERPRISE,
                        "targetObjectName": "User",
                        "scope": None,
                        "metadata": [],
                        "attributeMappings": [mapping(source, target) for source, target in mappings.items()],
                    }
                ],
            }
        ],
    }


def _directory(kind: str, name: str, object_name: str, attributes: list[Json]) -> Json:
    """`directoryDefinition`."""
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind} {name}")),
        "name": name,
        "readOnly": False,
        "version": "v1",
        "discoverabilities": "None",
        "discoveryDateTime": None,
        "objects": [{"name": object_name, "attributes": attributes, "metadata": [], "supportedApis": []}],
    }


def attribute(name: str, **given: Any) -> Json:
    """`attributeDefinition`: a text that may be written, unless it is said otherwise; `longest` characters."""
    longest = given.pop("longest", None)
    return {
        "name": name,
        "type": "String",
        "anchor": False,
        "caseExact": False,
        "required": False,
        "multivalued": False,
        "mutability": "ReadWrite",
        "defaultValue": None,
        "flowNullValues": False,
        "referencedObjects": [],
        "apiExpressions": [],
        "metadata": [] if longest is None else [{"key": "MaximumLength", "value": str(longest)}],
        **given,
    }


def source_attribute(name: str, *, flows: bool = False) -> Json:
    """An attribute of the source directory."""
    if name == MANAGER:
        referenced = [{"referencedObjectName": ENTERPRISE, "referencedProperty": "externalId"}]
        return attribute(name, type="Reference", referencedObjects=referenced, flowNullValues=flows)
    if name == "externalId":
        return attribute(name, anchor=True, required=True)
    return attribute(name, type="Boolean" if name == "active" else "String", flowNullValues=flows)


def _target_attributes(mapped: list[str], *, to_ad: bool) -> list[Json]:
    besides, read_only = (AD_BESIDES, AD_READ_ONLY) if to_ad else (ENTRA_BESIDES, ENTRA_READ_ONLY)
    lengths = {ad_change((name, None, None))[0]: most for name, most in LONGEST.items()} if to_ad else LONGEST
    lengths = {**lengths, **({"sAMAccountName": 20, "cn": 64} if to_ad else {"mailNickname": 64})}
    required = {ad_change((name, None, None))[0] for name in REQUIRED} if to_ad else REQUIRED
    found = []
    for name in dict.fromkeys((read_only[0], *mapped, *besides, *read_only[1:])):
        multivalued = name in MULTIVALUED
        given: Json = {"longest": lengths.get(name), "required": name in required, "multivalued": multivalued}
        if name in read_only:
            given |= {"mutability": "ReadOnly", "anchor": name == read_only[0]}
        elif name in INTEGERS:
            given["type"] = "Integer"
        elif name in ("accountEnabled", "accountDisabled", "IsSoftDeleted", "showInAddressList"):
            given["type"] = "Boolean"
        elif name in ("employeeHireDate", "employeeLeaveDateTime"):
            given["type"] = "DateTime"
        elif name == "manager":
            referenced = [{"referencedObjectName": "User", "referencedProperty": read_only[0]}]
            given |= {"type": "Reference", "referencedObjects": referenced}
        elif name == "passwordProfile.password":
            given["mutability"] = "WriteOnly"
        found.append(attribute(name, **given))
    return found


def mapping(source: str, target: str) -> Json:
    """`attributeMapping`: direct, but for the flag that Active Directory has the other way round."""
    return {
        "source": _inverted(source) if target == "accountDisabled" else direct(source),
        "targetAttributeName": target,
        "defaultValue": None,
        "exportMissingReferences": False,
        "matchingPriority": 1 if source == "externalId" else 0,
        "flowType": "Always",
        "flowBehavior": "FlowWhenChanged",
    }


def direct(source: str) -> Json:
    """`attributeMappingSource` of an attribute as it is."""
    return {"expression": f"[{source}]", "name": source, "type": "Attribute", "parameters": []}


def _inverted(source: str) -> Json:
    constants = [
        {"key": "switchValue", "value": {"expression": f'"{word}"', "name": word, "type": "Constant", "parameters": []}}
        for word in ("True", "False", "False", "True")
    ]
    return {
        "expression": f'Switch([{source}], , "True", "False", "False", "True")',
        "name": "Switch",
        "type": "Function",
        "parameters": [{"key": "source", "value": direct(source)}, *constants],
    }
