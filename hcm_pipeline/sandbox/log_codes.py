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


class LogTexts(NamedTuple):
    """The log's texts for a code, unless others are given."""

    reason: str
    advice: str
    category: Category = "failure"


CODES: dict[str, LogTexts] = {
    "Conflict": LogTexts("Another object has the same value for a property that must be unique.", _CONFLICT),
    "EntryConflict": LogTexts("Another object has the same value for a property that must be unique.", _CONFLICT),
    "TooManyRequests": LogTexts("The target is overloaded.", _WAIT, "nonServiceFailure"),
    "InternalServerError": LogTexts("The target returned an unexpected error.", _WAIT, "nonServiceFailure"),
    "InsufficientRights": LogTexts("The target did not authorize the change.", _RIGHTS),
    "MethodNotAllowed": LogTexts("The target did not authorize the change.", _RIGHTS),
    "NotPermitted": LogTexts("The target did not authorize the change.", _RIGHTS),
    "Unauthorized": LogTexts("The target did not authorize the change.", _RIGHTS),
    "UnprocessableEntity": LogTexts(
        "The target returned an unexpected response.", "Review the target's configuration."
    ),
    "WebExceptionProtocolError": LogTexts(
        "A protocol error occurred on the way to the target.", _WAIT, "nonServiceFailure"
    ),
    "InvalidAnchor": LogTexts("An account that was created or matched before is not there.", "Restart the job."),
    "NotImplemented": LogTexts("The target returned an unexpected response.", "Review the target's configuration."),
    "MandatoryFieldsMissing": LogTexts("Required values are missing.", _MAPPING),
    "MissingValues": LogTexts("Required values are missing.", _MAPPING),
    "SchemaAttributeNotFound": LogTexts("An attribute does not exist in the target.", "Review the attribute mappings."),
    "InternalError": LogTexts("An error occurred inside the provisioning service.", _WAIT, "nonServiceFailure"),
    "InvalidDomain": LogTexts("A value has a domain that is not verified.", "Correct the domain name, or verify it."),
    "Timeout": LogTexts("The target took too long to respond.", _WAIT, "nonServiceFailure"),
    "LicenseLimitExceeded": LogTexts("No licence is left for this account.", "Procure more licences."),
    "DuplicateTargetEntries": LogTexts("Several accounts match.", "Remove the duplicate accounts, or match otherwise."),
    "DuplicateSourceEntries": LogTexts("Several records match.", "Remove the duplicate records, or match otherwise."),
    "ImportSkipped": LogTexts("The record lacks the matching attribute.", _MAPPING, "success"),
    SKIPPED: LogTexts(
        "The account already is as the record says, or is out of scope.", "Nothing is to be done.", "success"
    ),
    "SchemaPropertyCanOnlyAcceptValue": LogTexts("The property does not take such a value.", _MAPPING),
    "AzureActiveDirectoryInvalidUserPrincipalName": LogTexts("The userPrincipalName is not a legal one.", _MAPPING),
    "AzureActiveDirectoryCannotUpdateObjectsMasteredOnPremises": LogTexts(
        "The account is mastered in Active Directory.", "Provision it by the job for Active Directory."
    ),
    UPN_NOT_UNIQUE: LogTexts("The userPrincipalName is not unique in the forest.", _CONFLICT),
    f"{_AD}CannotFindAttribute": LogTexts("Active Directory lacks an attribute.", "Restart the provisioning agent."),
    INVALID_PARAMETER: LogTexts("Active Directory does not take a value.", _MAPPING),
    f"{_AD}InternalServerError": LogTexts("Active Directory returned an unexpected error.", _WAIT, "nonServiceFailure"),
    "InvalidAttributeSyntax": LogTexts(
        "InvalidAttributeSyntax-LdapErr: The syntax is invalid. The parameter is incorrect. Error in attribute conversion "
        "operation, data 0, v3839",
        "Map the attribute so that no empty text flows.",
    ),
    NO_AGENT: LogTexts("No active provisioning agent was found.", "Start the provisioning agent.", "nonServiceFailure"),
}
"""By code. A code that is not here may be armed as well, with texts of its own."""

UNKNOWN = LogTexts("The record could not be processed.", "Look the error code up.")


def failure(code: str, reason: str = "", advice: str = "", category: Category | None = None) -> Failure:
    """A failure by its code, with the code's own texts where none are given."""
    texts = CODES.get(code, UNKNOWN)
    return Failure(code, reason or texts.reason, advice or texts.advice, category or texts.category)
