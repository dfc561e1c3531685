"""The permissions of Microsoft Graph by name, and their ids, as the permissions reference tells them."""

from __future__ import annotations

import uuid

GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"

_IDS = {
    "SynchronizationData-User.Upload": "db31e92a-b9ea-4d87-bf6a-75a37a9ca35a",
    "SynchronizationData-User.Upload.OwnedBy": "25c32ff3-849a-494b-b94f-20a8ac4e6774",
    "ProvisioningLog.Read.All": "",
    "AuditLog.Read.All": "b0afded3-3588-46d8-8b3d-9842eff778da",
    "Synchronization.Read.All": "5ba43d2f-fa88-4db2-bd1c-a67c5f0fb1ce",
    "Synchronization.ReadWrite.All": "9b50c33d-700f-43b1-b2eb-87e89b703581",
    "SynchronizationMetadata.Read.OwnedBy": "",
    "SynchronizationMetadata.Read.All": "",
    "SynchronizationMetadata.ReadWrite.OwnedBy": "",
    "SynchronizationMetadata.ReadWrite.All": "",
    "Application.Read.All": "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30",
    "Application.ReadWrite.OwnedBy": "18a4783c-866b-4cc7-a460-3d5e5662c884",
    "Application.ReadWrite.All": "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9",
    "AppRoleAssignment.ReadWrite.All": "06b708a9-e830-4db3-a914-8e69da51d44f",
    "Directory.Read.All": "7ab1d382-f21e-4acd-a863-ba3e13f7da61",
    "Domain.Read.All": "dbb9058a-0e50-45d7-ae91-66909b5d4664",
    "GroupMember.Read.All": "98830695-27a2-44f7-8c18-0c3ebc9698f6",
    "LicenseAssignment.Read.All": "",
    "Organization.Read.All": "498476ce-e0fe-48b0-b801-37ba7e2685c6",
    "RoleManagement.Read.Directory": "483bed4a-2ad3-4361-a73b-c83ccdbdc53c",
    "User.Read.All": "df021288-bdef-4463-88db-98f22de89214",
    "User-LifeCycleInfo.Read.All": "8556a004-db57-4d7a-8b82-97a13428e96f",
    "User-LifeCycleInfo.ReadWrite.All": "925f1248-0f97-47b9-8ec8-538c54e01325",
}
"""Empty: the sources at hand do not tell the id, so that the sandbox makes one up."""

APP_ROLES: dict[str, str] = {
    name: told or str(uuid.uuid5(uuid.UUID(GRAPH_APP_ID), name)) for name, told in _IDS.items()
}
"""App roles of Microsoft Graph's service principal: id by value."""


def made_up(tenant_id: str, what: str) -> str:
    """An id that is the same at every start: of an object of the tenant that no option names."""
    return str(uuid.uuid5(uuid.UUID(tenant_id), what))
