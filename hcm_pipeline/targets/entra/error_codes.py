"""The codes of the provisioning log, and what each asks for: patience, other data, another configuration.

Source: entra-docs `monitoring-health/howto-analyze-provisioning-logs.md`, `hr-user-creation-issues.md` and
`hr-user-update-issues.md`.
"""

from __future__ import annotations

from hcm_pipeline.delivery import UNKNOWN_CODE, FailureClass, Mend

_PASSES = "nothing to do: it passes, and the worker is sent again by itself"
_TAKEN = (
    "another account or object, perhaps a deleted one, holds a value that must be unique: find it in Entra ID, and free it,"
    " or change the worker's"
)
_BLANK = "a required attribute is blank: complete the worker in Oracle HCM, or correct the mapping that leaves it out"
_RIGHTS = (
    "the service may not write this account: check the roles and permissions of the provisioning app and its agent"
)

_CODES: dict[str, Mend] = {
    "TooManyRequests": Mend(FailureClass.RETRY, _PASSES),
    "InternalServerError": Mend(FailureClass.RETRY, _PASSES),
    "InternalError": Mend(FailureClass.RETRY, _PASSES),
    "WebExceptionProtocolError": Mend(FailureClass.RETRY, _PASSES),
    "Timeout": Mend(FailureClass.RETRY, _PASSES),
    "Conflict": Mend(FailureClass.DATA, _TAKEN),
    "EntryConflict": Mend(FailureClass.DATA, _TAKEN),
    "MandatoryFieldsMissing": Mend(FailureClass.DATA, _BLANK),
    "MissingValues": Mend(FailureClass.DATA, f"{_BLANK} (a || b makes nothing where a or b is blank)"),
    "DuplicateSourceEntries": Mend(
        FailureClass.DATA,
        "two source records have the same matching value, perhaps in another case: correct the one that is wrong",
    ),
    "ImportSkipped": Mend(FailureClass.DATA, "the record lacks what accounts are matched by: complete the worker"),
    "AzureActiveDirectoryInvalidUserPrincipalName": Mend(
        FailureClass.DATA,
        "the userPrincipalName is not legal or its domain not verified: `identity show` tells its rule",
    ),
    "HybridSynchronizationActiveDirectoryUserPrincipalNameNotUnique": Mend(FailureClass.DATA, _TAKEN),
    "HybridSynchronizationActiveDirectoryInvalidParameter": Mend(
        FailureClass.DATA,
        "Active Directory refuses a value: it is longer than the target takes, has another form, names a container that does not"
        " exist, or is taken; the log's reason says which",
    ),
    "InvalidAttributeSyntax": Mend(
        FailureClass.DATA,
        "Active Directory refuses a value: an empty one, which IgnoreFlowIfNullOrEmpty keeps away, or one of another type or form",
    ),
    "InsufficientRights": Mend(FailureClass.CONFIGURATION, _RIGHTS),
    "MethodNotAllowed": Mend(FailureClass.CONFIGURATION, _RIGHTS),
    "NotPermitted": Mend(FailureClass.CONFIGURATION, _RIGHTS),
    "Unauthorized": Mend(FailureClass.CONFIGURATION, _RIGHTS),
    "UnprocessableEntity": Mend(
        FailureClass.CONFIGURATION,
        "the target did not understand the request: a value of another type, or the attribute mappings of the app",
    ),
    "NotImplemented": Mend(
        FailureClass.CONFIGURATION, "the target does not know this operation: check the app and its attribute mappings"
    ),
    "InvalidAnchor": Mend(
        FailureClass.CONFIGURATION, "the matched account is gone: restore it, or restart provisioning to match anew"
    ),
    "SchemaAttributeNotFound": Mend(
        FailureClass.CONFIGURATION,
        "a mapping names an attribute that the target lacks: correct the mapping or the schema",
    ),
    "InvalidDomain": Mend(
        FailureClass.CONFIGURATION, "verify the domain in the tenant, or correct identity.domain in the profile"
    ),
    "LicenseLimitExceeded": Mend(FailureClass.CONFIGURATION, "no licence is left: buy or free some"),
    "DuplicateTargetEntries": Mend(
        FailureClass.CONFIGURATION, "several accounts have this matching value: leave it to one of them"
    ),
    "SchemaPropertyCanOnlyAcceptValue": Mend(
        FailureClass.CONFIGURATION,
        "a value is longer than the target takes, has another form, or comes with others where the attribute takes one: the log's"
        " reason names the attribute; shorten it (delivery.cut), or correct its mapping",
    ),
    "AzureActiveDirectoryCannotUpdateObjectsMasteredOnPremises": Mend(
        FailureClass.CONFIGURATION,
        "the account is mastered in Active Directory: send it through the app for Active Directory",
    ),
    "HybridSynchronizationActiveDirectoryCannotFindAttribute": Mend(
        FailureClass.CONFIGURATION, "restart the provisioning agent, or correct the mapping to an attribute that exists"
    ),
    "HybridSynchronizationActiveDirectoryInternalServerError": Mend(FailureClass.RETRY, _PASSES),
    "HybridIdentityServiceNoActiveAgents": Mend(
        FailureClass.RETRY, "no provisioning agent is running: start one; the worker is sent again by itself"
    ),
    "EntrySynchronizationSkipped": Mend(
        FailureClass.CONFIGURATION,
        "the app's scoping filters leave the worker out: correct them, or the profile's scope",
    ),
}
"""Every documented code."""

KNOWN_CODES = frozenset(_CODES)

IMPORT_SKIPPED = "ImportSkipped"
"""The code of a record that was left out because it lacks something, and not by the app's scope."""
SKIPPED = _CODES["EntrySynchronizationSkipped"]
_BY_NAME = {code.lower(): mend for code, mend in _CODES.items()}


def mend_of(code: str | None) -> Mend:
    """The class and the mend of a code, whatever its case. A suffix behind a hyphen (`…-LdapErr`) is detail."""
    name = (code or "").lower()
    return _BY_NAME.get(name) or _BY_NAME.get(name.partition("-")[0], UNKNOWN_CODE)


def mend_of_skip(code: str | None) -> Mend:
    """The same of a record that was left out for a reason that somebody can mend."""
    return mend_of(code) if code == IMPORT_SKIPPED else SKIPPED
