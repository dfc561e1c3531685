"""The steps of setting a target up as commands for whoever holds the right: Graph, PowerShell, Azure CLI. None is run here.

Sources: the Graph reference; "Configure API-driven inbound provisioning app" and "Grant access to the inbound provisioning API";
the page on workload identity federation; the Oracle HCM tutorial, "Configure writeback". `<...>` stands for what is not known yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote

GRAPH_APP = "00000003-0000-0000-c000-000000000000"
"""The application id of Microsoft Graph, the same in every tenant."""
ROLE_IDS = {
    "SynchronizationData-User.Upload": "db31e92a-b9ea-4d87-bf6a-75a37a9ca35a",
    "AuditLog.Read.All": "b0afded3-3588-46d8-8b3d-9842eff778da",
    "Synchronization.Read.All": "5ba43d2f-fa88-4db2-bd1c-a67c5f0fb1ce",
    "Synchronization.ReadWrite.All": "9b50c33d-700f-43b1-b2eb-87e89b703581",
    "User.Read.All": "df021288-bdef-4463-88db-98f22de89214",
    "GroupMember.Read.All": "98830695-27a2-44f7-8c18-0c3ebc9698f6",
    "RoleManagement.Read.Directory": "483bed4a-2ad3-4361-a73b-c83ccdbdc53c",
    "Domain.Read.All": "dbb9058a-0e50-45d7-ae91-66909b5d4664",
    "Application.Read.All": "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30",
    "Organization.Read.All": "498476ce-e0fe-48b0-b801-37ba7e2685c6",
}
"""Ids of application permissions, by the Graph permissions reference: where the tenant's own list cannot be read."""


@dataclass(frozen=True)
class ByHand:
    """One thing to do, in three languages that do the same; empty: that one has no word for it. `role`: who may do it."""

    role: str
    graph: str = ""
    powershell: str = ""
    azure_cli: str = ""
    click: str = ""


def _body(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def instantiate(root: str, template: str, name: str) -> ByHand:
    """Make the enterprise application of the gallery template."""
    url = f"{root}/applicationTemplates/{template}/instantiate"
    return ByHand(
        "Application Administrator",
        f'POST {url}\n{{"displayName": "{name}"}}',
        'Connect-MgGraph -Scopes "Application.ReadWrite.All"\n'
        f'Invoke-MgInstantiateApplicationTemplate -ApplicationTemplateId {template} -DisplayName "{name}"',
        f'az rest --method POST --url {url} --body \'{{"displayName": "{name}"}}\'',
        "Entra admin center > Enterprise applications > New application: search for API-driven provisioning",
    )


def create_job(root: str, principal: str, template: str) -> ByHand:
    """Make the job of the app."""
    url = f"{root}/servicePrincipals/{principal}/synchronization/jobs"
    return ByHand(
        "Application Administrator; for Active Directory also Hybrid Identity Administrator",
        f'POST {url}\n{{"templateId": "{template}"}}',
        'Connect-MgGraph -Scopes "Synchronization.ReadWrite.All"\n'
        f'New-MgServicePrincipalSynchronizationJob -ServicePrincipalId {principal} -TemplateId "{template}"',
        f'az rest --method POST --url {url} --body \'{{"templateId": "{template}"}}\'',
        "Entra admin center > Enterprise applications > the app > Provisioning > Get started: Automatic",
    )


def register(name: str) -> ByHand:
    """Make the registration that the pipeline signs in by, and its service principal."""
    return ByHand(
        "Application Administrator",
        f'POST https://graph.microsoft.com/v1.0/applications\n{{"displayName": "{name}", "signInAudience": "AzureADMyOrg"}}\n'
        'POST https://graph.microsoft.com/v1.0/servicePrincipals\n{"appId": "<the appId of the answer>"}',
        'Connect-MgGraph -Scopes "Application.ReadWrite.All"\n'
        f'$app = New-MgApplication -DisplayName "{name}" -SignInAudience AzureADMyOrg\n'
        "New-MgServicePrincipal -AppId $app.AppId",
        f'az ad app create --display-name "{name}" --sign-in-audience AzureADMyOrg\naz ad sp create --id <the appId of the answer>',
        "Entra admin center > App registrations > New registration",
    )


def grant(root: str, client: str, principal: str, graph: str, roles: dict[str, str]) -> ByHand:
    """Give the pipeline's app permissions of Graph, with admin consent. `roles`: ids by name, "" where it is not known."""
    ids = {name: role or f"<id of {name}>" for name, role in roles.items()}
    url = f"{root}/servicePrincipals/{principal}/appRoleAssignments"
    requests = "\n".join(
        f'POST {url}\n{{"principalId": "{principal}", "resourceId": "{graph}", "appRoleId": "{role}"}}'
        for role in ids.values()
    )
    names = ", ".join(f'"{name}"' for name in roles)
    powershell = (
        'Connect-MgGraph -Scopes "AppRoleAssignment.ReadWrite.All", "Application.Read.All"\n'
        f"$us = Get-MgServicePrincipal -Filter \"appId eq '{client}'\"\n"
        f"$graph = Get-MgServicePrincipal -Filter \"appId eq '{GRAPH_APP}'\"\n"
        f"foreach ($name in {names}) {{\n"
        "  $role = $graph.AppRoles | Where-Object { $_.Value -eq $name -and $_.AllowedMemberTypes -contains 'Application' }\n"
        "  New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $us.Id -PrincipalId $us.Id -ResourceId $graph.Id"
        " -AppRoleId $role.Id\n}"
    )
    permissions = " ".join(f"{role}=Role" for role in ids.values())
    cli = (
        f"az ad app permission add --id {client} --api {GRAPH_APP} --api-permissions {permissions}\n"
        f"az ad app permission admin-consent --id {client}"
    )
    return ByHand(
        "Privileged Role Administrator or Global Administrator", requests, powershell, cli,
        "Entra admin center > App registrations > the app > API permissions > Add a permission > Microsoft Graph > Application"
        " permissions; then Grant admin consent",
    )  # fmt: skip


def certificate(client: str, public: str) -> ByHand:
    """Register a certificate with the app. `public`: the file without the private key."""
    return ByHand(
        "owner of the app, or Application Administrator",
        "",
        'Connect-MgGraph -Scopes "Application.ReadWrite.All"\n'
        f"$app = Get-MgApplication -Filter \"appId eq '{client}'\"\n"
        f'$new = @{{ Type = "AsymmetricX509Cert"; Usage = "Verify"; Key = [IO.File]::ReadAllBytes("{public}") }}\n'
        "Update-MgApplication -ApplicationId $app.Id -KeyCredentials (@($app.KeyCredentials) + $new)",
        f"az ad app credential reset --id {client} --cert {quote('@' + public)} --append",
        "Entra admin center > App registrations > the app > Certificates & secrets > Certificates > Upload certificate",
    )


def secret(client: str) -> ByHand:
    """Make a client secret."""
    return ByHand(
        "owner of the app, or Application Administrator",
        "POST https://graph.microsoft.com/v1.0/applications(appId='" + client + "')/addPassword\n"
        '{"passwordCredential": {"displayName": "hcm-pipeline"}}',
        'Connect-MgGraph -Scopes "Application.ReadWrite.All"\n'
        f"$app = Get-MgApplication -Filter \"appId eq '{client}'\"\n"
        'Add-MgApplicationPassword -ApplicationId $app.Id -PasswordCredential @{ DisplayName = "hcm-pipeline" }',
        f"az ad app credential reset --id {client} --display-name hcm-pipeline --append",
        "Entra admin center > App registrations > the app > Certificates & secrets > New client secret",
    )


def federation(client: str, issuer: str, subject: str) -> ByHand:
    """Trust the tokens of another issuer for one subject."""
    body = (
        f'{{"name": "hcm-pipeline", "issuer": "{_body(issuer)}", "subject": "{_body(subject)}",'
        ' "audiences": ["api://AzureADTokenExchange"]}'
    )
    return ByHand(
        "owner of the app, or Application Administrator",
        f"POST https://graph.microsoft.com/v1.0/applications(appId='{client}')/federatedIdentityCredentials\n{body}",
        'Connect-MgGraph -Scopes "Application.ReadWrite.All"\n'
        f"$app = Get-MgApplication -Filter \"appId eq '{client}'\"\n"
        "New-MgApplicationFederatedIdentityCredential -ApplicationId $app.Id"
        f" -BodyParameter (ConvertFrom-Json '{body}' -AsHashtable)",
        f"az ad app federated-credential create --id {client} --parameters '{body}'",
        "Entra admin center > App registrations > the app > Certificates & secrets > Federated credentials > Add credential",
    )


def managed_identity() -> ByHand:
    """Give a machine of Azure an identity of its own; its permissions are given as those of an app."""
    return ByHand(
        "Virtual Machine Contributor, or the owner of the app service",
        "",
        "Update-AzVM -ResourceGroupName <group> -VM (Get-AzVM -ResourceGroupName <group> -Name <machine>)"
        " -IdentityType SystemAssigned",
        "az vm identity assign --resource-group <group> --name <machine>\n"
        "az ad sp show --id <principalId of the answer> --query '{AZURE_CLIENT_ID: appId, principal: id}'",
        "Azure portal > the machine > Security > Identity > System assigned: On",
    )


def notify(root: str, principal: str, address: str) -> ByHand:
    """Have the job tell its faults to an address."""
    url = f"{root}/servicePrincipals/{principal}/synchronization/secrets"
    inner = _body(f'{{"Enabled": true, "DeleteThresholdEnabled": false, "Recipients": "{address}"}}')
    body = f'{{"value": [{{"key": "SyncNotificationSettings", "value": "{inner}"}}]}}'
    return ByHand(
        "Application Administrator",
        f"GET {url}  (what is there is kept: add its pairs to the value below)\nPUT {url}\n{body}",
        f"Invoke-MgGraphRequest -Method PUT -Uri {url} -Body '{body}'",
        f"az rest --method PUT --url {url} --body '{body}'",
        "Entra admin center > Enterprise applications > the app > Provisioning > Settings > Notification email",
    )


def start(root: str, principal: str, job: str) -> ByHand:
    """Start the job."""
    url = f"{root}/servicePrincipals/{principal}/synchronization/jobs/{job}/start"
    return ByHand(
        "Application Administrator",
        f"POST {url}",
        'Connect-MgGraph -Scopes "Synchronization.ReadWrite.All"\n'
        f"Start-MgServicePrincipalSynchronizationJob -ServicePrincipalId {principal} -SynchronizationJobId {job}",
        f"az rest --method POST --url {url}",
        "Entra admin center > Enterprise applications > the app > Provisioning > Start provisioning",
    )


def outbound(oracle: str) -> list[str]:
    """The outbound app of the tutorial, which writes back besides: what to click, in order. `oracle`: the pod, or a placeholder."""
    return [
        "Entra admin center > Enterprise applications > New application: search for `Oracle Fusion ERP`, and create it",
        "Provisioning > Get started > Automatic; Admin Credentials:",
        f"  Tenant URL (the REST server URL): {oracle}/hcmRestApi/scim/",
        "  Secret Token: user and password of an Oracle account with the role IT Security Manager, as Base64 of user:password",
        "  Test Connection, then Save",
        "Mappings > Provision Microsoft Entra ID Users > Target Object Actions: Update alone (clear Create and Delete)",
        "Attribute Mapping: userName from userPrincipalName, matched by it or by externalId from employeeId, emails[type eq"
        ' "work"].value'
        " from mail; delete the rest",
        "Settings > Scope: sync only assigned users; Users and groups: those who work",
        "Provision on demand for one person, and look at the account in Oracle's Security Console; then Start provisioning",
        "writeback.outbound_app in the profile takes the object id of this app: `hcm-pipeline doctor` then looks after it",
    ]
