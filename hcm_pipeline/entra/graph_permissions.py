"""The application permissions of Microsoft Graph that the calls need, by their names."""

from __future__ import annotations

UPLOAD_PERMISSION = "SynchronizationData-User.Upload"
LOG_PERMISSION = "ProvisioningLog.Read.All"
USERS_PERMISSION = "User.Read.All"
GROUPS_PERMISSION = "GroupMember.Read.All"
DOMAINS_PERMISSION = "Domain.Read.All"
ROLES_PERMISSION = "RoleManagement.Read.Directory"
JOB_PERMISSION = "Synchronization.Read.All"
JOB_WRITE_PERMISSION = "Synchronization.ReadWrite.All"
