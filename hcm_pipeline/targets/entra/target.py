"""Microsoft Entra ID as a target: SCIM users in bulk requests to a synchronization job's bulkUpload."""

from __future__ import annotations

import re
from collections.abc import Mapping as Named
from dataclasses import dataclass
from functools import cached_property

from hcm_pipeline.delivery import Column, Desired, OperationKind, RequestForm
from hcm_pipeline.profile import Profile
from hcm_pipeline.targets.entra.attribute_rules import ruled
from hcm_pipeline.targets.entra.desired import desired, moved_sql, shape_of
from hcm_pipeline.targets.entra.null_switches import flowing, replacements
from hcm_pipeline.targets.entra.scim_mapping import Mapping, compile_mapping
from hcm_pipeline.targets.entra.scim_schema import BULK_REQUEST
from hcm_pipeline.targets.entra.service import EntraJob
from hcm_pipeline.warehouse import Relation, Scratch

KINDS = (OperationKind.DISABLE, OperationKind.ENABLE, OperationKind.CREATE, OperationKind.RENAME, OperationKind.MOVE,
         OperationKind.UPDATE, OperationKind.RETRY)  # fmt: skip
"""Operations in the order of sending: leavers first."""
OWN_KINDS = {"active": OperationKind.DISABLE, "userName": OperationKind.RENAME}

REACHES = re.compile(r"^(phoneNumbers|emails)\b|\b(email|work_phone|mobile_phone|proxy_addresses)\b")
"""Phone numbers and mail addresses: by their SCIM name, or by the field that they are made of."""
OWN = re.compile(
    r"\b(person_number|user_principal_name|sam_account_name|common_name|mail_nickname|proxy_addresses|username|email|work_phone"
    r"|mobile_phone|last_name|display_name|postal_code)\b"
)
"""Fields and names that differ from worker to worker, of which values are made."""


@dataclass(frozen=True, kw_only=True)
class EntraTarget(EntraJob):
    """A synchronization job, and the profile that maps workers to its SCIM users."""

    profile: Profile

    @cached_property
    def mapping(self) -> Mapping:
        """The profile's mapping, compiled."""
        return compile_mapping(self.profile)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The mapped SCIM values."""
        flows, instead = flowing(self.profile), replacements(self.profile)
        return tuple(
            Column(
                leaf.column,
                leaf.origin,
                OWN_KINDS.get(leaf.column),
                bool(REACHES.search(f"{leaf.column} {leaf.origin}")),
                leaf.column in flows,
                instead.get(leaf.column),
                own=bool(OWN.search(leaf.origin)),
            )
            for leaf in self.mapping.leaves
        )

    @property
    def kinds(self) -> tuple[OperationKind, ...]:
        """All of them, leavers first."""
        return KINDS

    @cached_property
    def form(self) -> RequestForm:
        """A bulk request.

        The bulkId is the person number and the beginning of the digest of what is sent: the same content has the same id, wherever
        and whenever it is planned.
        """
        bulk_id = "to_json(person_number || '-' || left(replace(digest::varchar, '-', ''), 12))::varchar"
        return RequestForm(
            head=b'{"schemas":["' + BULK_REQUEST.encode() + b'"],"Operations":[',
            separator=b",",
            tail=b'],"failOnErrors":null}\n',
            operation=f"""concat('{{"method":"POST","bulkId":', {bulk_id}, ',"path":"/Users","data":',
                {self.mapping.user_json}, '}},')""",
            shape=shape_of(self.mapping),
        )

    @property
    def deactivated(self) -> dict[str, str]:
        """A user with `active` false."""
        return {"active": "false"}

    def desired(self, t: Scratch, facts: Named[str, Relation], delivered: Relation, same: Relation) -> Desired:
        """The SCIM users of all workers in scope (see `desired.desired`)."""
        rules = ruled(self.profile, self.mapping, self.key)
        return desired(t, self.profile, self.mapping, rules, facts, delivered, same)

    def change_sql(self, desired: str, delivered: str) -> str:
        """Disabling and enabling before a new userName, that before another container, and that before the rest."""
        return f"""case
            when {delivered}.active = 'true' and {desired}.active = 'false' then '{OperationKind.DISABLE}'
            when {delivered}.active = 'false' and {desired}.active = 'true' then '{OperationKind.ENABLE}'
            when {delivered}."userName" is distinct from {desired}."userName" then '{OperationKind.RENAME}'
            when {moved_sql(self.mapping, desired, delivered)} then '{OperationKind.MOVE}'
            else '{OperationKind.UPDATE}' end"""

    def enabled_sql(self, version: str) -> str:
        """The SCIM attribute `active`."""
        return f"{version}.active = 'true'"
