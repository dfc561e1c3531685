"""The provisioning log's error codes, with what the log says of each; no text carries a value.

Codes and remedies: "How to analyze the Microsoft Entra provisioning logs", the HR provisioning troubleshooting pages, and
"Cloud sync error codes" for the two about agents. `errorCategory` of each is not documented: `nonServiceFailure` stands
for what the service itself tries again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Category = Literal["failure", "nonServiceFailure", "success"]

SKIPPED = "EntrySynchronizationSkipped"
NO_AGENT = "HybridIdentityServiceNoActiveAgents"
_AD = "HybridSynchronizationActiveDirectory"
UPN_NOT_UNIQUE = f"{_AD}UserPrincipalNameNotUnique"
INVALID_PARAMETER = f"{_AD}InvalidParameter"

_WAIT = "There is nothing to do. This attempt is automatically retried in 40 minutes."
_MAPPING = "Correct the value in the source record, or review the attribute mappings."
_RIGHTS = "Give the provisioning service the right to make this change in the target."
_CONFLICT = "Correct the conflicting values, or review the matching attributes."


@dataclass(frozen=True)
class Failure:
    """Why a record was not applied, as the log tells it: `errorInformation`. `advice` is its recommendedAction."""

    code: str
    reason: str
    advice: str
    category: Category


class Told(NamedTuple):
    """The log's texts for a code, unless others are given."""

    reason: str
    advice: str
    category: Category = "failure"


CODES: dict[str, Told] = {
    "Conflict": Told("Another object has the same value for a property that must be unique.", _CONFLICT),
    "EntryConflict": Told("Another object has the same value for a property that must be unique.", _CONFLICT),
    "TooManyRequests": Told("The target is overloaded.", _WAIT, "nonServiceFailure"),
    "InternalServerError": Told("The target returned an unexpected error.", _WAIT, "nonServiceFailure"),
    "InsufficientRights": Told("The target did not authorize the change.", _RIGHTS),
    "MethodNotAllowed": Told("The target did not authorize the change.", _RIGHTS),
    "NotPermitted": Told("The target did not authorize the change.", _RIGHTS),
    "Unauthorized": Told("The target did not authorize the change.", _RIGHTS),
    "UnprocessableEntity": Told("The target returned an unexpected response.", "Review the target's configuration."),
    "WebExceptionProtocolError": Told(
        "A protocol error occurred on the way to the target.", _WAIT, "nonServiceFailure"
    ),
    "InvalidAnchor": Told("An account that was created or matched before is not there.", "Restart the job."),
    "NotImplemented": Told("The target returned an unexpected response.", "Review the target's configuration."),
    "MandatoryFieldsMissing": Told("Required values are missing.", _MAPPING),
    "MissingValues": Told("Required values are missing.", _MAPPING),
    "SchemaAttributeNotFound": Told("An attribute does not exist in the target.", "Review the attribute mappings."),
    "InternalError": Told("An error occurred inside the provisioning service.", _WAIT, "nonServiceFailure"),
    "InvalidDomain": Told("A value has a domain that is not verified.", "Correct the domain name, or verify it."),
    "Timeout": Told("The target took too long to respond.", _WAIT, "nonServiceFailure"),
    "LicenseLimitExceeded": Told("No licence is left for this account.", "Procure more licences."),
    "DuplicateTargetEntries": Told("Several accounts match.", "Remove the duplicate accounts, or match otherwise."),
    "DuplicateSourceEntries": Told("Several records match.", "Remove the duplicate records, or match otherwise."),
    "ImportSkipped": Told("The record lacks the matching attribute.", _MAPPING, "success"),
    SKIPPED: Told(
        "The account already is as the record says, or is out of scope.", "Nothing is to be done.", "success"
    ),
    "SchemaPropertyCanOnlyAcceptValue": Told("The property does not take such a value.", _MAPPING),
    "AzureActiveDirectoryInvalidUserPrincipalName": Told("The userPrincipalName is not a legal one.", _MAPPING),
    "AzureActiveDirectoryCannotUpdateObjectsMasteredOnPremises": Told(
        "The account is mastered in Active Directory.", "Provision it by the job for Active Directory."
    ),
    UPN_NOT_UNIQUE: Told("The userPrincipalName is not unique in the forest.", _CONFLICT),
    f"{_AD}CannotFindAttribute": Told("Active Directory lacks an attribute.", "Restart the provisioning agent."),
    INVALID_PARAMETER: Told("Active Directory does not take a value.", _MAPPING),
    f"{_AD}InternalServerError": Told("Active Directory returned an unexpected error.", _WAIT, "nonServiceFailure"),
    "InvalidAttributeSyntax": Told(
        "InvalidAttributeSyntax-LdapErr: The syntax is invalid. The parameter is incorrect. Error in attribute conversion "
        "operation, data 0, v3839",
        "Map the attribute so that no empty text flows.",
    ),
    NO_AGENT: Told("No active provisioning agent was found.", "Start the provisioning agent.", "nonServiceFailure"),
}
"""By code. A code that is not here may be armed as well, with texts of its own."""

UNKNOWN = Told("The record could not be processed.", "Look the error code up.")


def failure(code: str, reason: str = "", advice: str = "", category: Category | None = None) -> Failure:
    """A failure by its code, with the code's own texts where none are given."""
    told = CODES.get(code, UNKNOWN)
    return Failure(code, reason or told.reason, advice or told.advice, category or told.category)
