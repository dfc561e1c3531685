"""The tenant around the job: applications, service principals, consent, credentials, domains, licences, as Graph shows them.

Sources: the Graph reference of `application`, `servicePrincipal`, `domain`, `organization`, `subscribedSku` and
`synchronizationSecretKeyStringValuePair`. The options say what is wrong with the tenant; what Graph's own calls write is kept.
"""

from __future__ import annotations

import uuid
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from hcm_pipeline.sandbox.auth import Authority, Identity
from hcm_pipeline.sandbox.clock import iso, micros
from hcm_pipeline.sandbox.job import DAY
from hcm_pipeline.sandbox.log_service import TEMPLATES
from hcm_pipeline.sandbox.options import PERMISSIONS, SandboxOptions
from hcm_pipeline.sandbox.state import Store
from hcm_pipeline.sandbox.tenant_ids import APP_ROLES, GRAPH_APP_ID, made_up

INITIAL_DOMAIN = "sandbox.onmicrosoft.com"
NOTIFICATION, SKIP_DELETIONS = "SyncNotificationSettings", "SkipOutOfScopeDeletions"
REDACTED = "*"
"""The value of a secret that is not shown again."""
SHOWN_SECRETS = (NOTIFICATION, SKIP_DELETIONS, "SyncAll")

P1, P2 = "41781fb2-bc02-4b7c-bd55-b576c07bb09d", "eec0eb4f-6444-4f95-aba0-50c24d67f998"
GOVERNANCE = "e866a266-3cff-43a3-acca-0c90a7e00c8b"
PLANS: dict[str, tuple[tuple[str, str], ...]] = {
    "none": (),
    "p1": (("AAD_PREMIUM", P1),),
    "p2": (("AAD_PREMIUM", P1), ("AAD_PREMIUM_P2", P2)),
    "governance": (("AAD_PREMIUM", P1), ("AAD_PREMIUM_P2", P2), ("Entra_Identity_Governance", GOVERNANCE)),
}
"""Service plans by licence: name and id, as the licensing reference tells them."""

Json = dict[str, Any]


class Tenant:
    """Documents of the tenant, over what the options say of it. `now` is the sandbox's clock."""

    def __init__(
        self, store: Store, identity: Identity, rules: Callable[[], SandboxOptions], now: Callable[[], float]
    ) -> None:
        self._store = store
        self._identity = identity
        self._rules = rules
        self._now = now
        self.authority: Authority | None = None
        """Knows the certificates that are registered."""
        self.client_id = identity.client_id
        self.client_principal = made_up(identity.tenant_id, "client principal")
        self.graph_principal = made_up(identity.tenant_id, "graph principal")

    # --- documents

    def document(self, name: str, default: Any = None) -> Any:
        """A document by its name, or the default."""
        rows = self._store.rows("SELECT body FROM documents WHERE name = ?", (name,))
        return orjson.loads(rows[0]["body"]) if rows else default

    def keep(self, name: str, body: object) -> None:
        """Keep a document over what was kept; None forgets it."""
        with self._store.write() as db:
            if body is None:
                db.execute("DELETE FROM documents WHERE name = ?", (name,))
            else:
                db.execute("INSERT OR REPLACE INTO documents VALUES (?, ?)", (name, orjson.dumps(body)))

    @property
    def app_is_there(self) -> bool:
        """Whether the gallery application of the job has been made."""
        return self._rules().set_up or bool(self.document("app"))

    @property
    def job_is_there(self) -> bool:
        """Whether the job has been made."""
        return self._rules().set_up or bool(self.document("job"))

    @property
    def template(self) -> str:
        """The template of the tenant's job."""
        return self._identity.job_id.partition(".")[0]

    # --- consent

    def roles(self) -> frozenset[str]:
        """The permissions that the client has been given: those of a token."""
        rules = self._rules()
        return frozenset({*PERMISSIONS, *rules.further_permissions, *self.document("granted", [])}) - (
            rules.withheld_permissions
        )

    def grant(self, role_id: str) -> Json | None:
        """Give the client a permission by the id of its app role; None: there is no such role."""
        names = [name for name, known in APP_ROLES.items() if known == role_id]
        if not names:
            return None
        self.keep("granted", sorted({*self.document("granted", []), *names}))
        return self._assignment(names[0])

    def role_assignments(self, principal: str) -> list[Json]:
        """`appRoleAssignments` of a service principal."""
        if principal != self.client_principal:
            return []
        return [self._assignment(name) for name in sorted(self.roles()) if name in APP_ROLES]

    def _assignment(self, name: str) -> Json:
        return {
            "id": made_up(self._identity.tenant_id, f"assignment {name}"),
            "appRoleId": APP_ROLES[name],
            "principalId": self.client_principal,
            "principalDisplayName": "HCM pipeline",
            "principalType": "ServicePrincipal",
            "resourceId": self.graph_principal,
            "resourceDisplayName": "Microsoft Graph",
            "createdDateTime": "2026-01-01T00:00:00Z",
        }

    # --- service principals and applications

    def principals(self) -> list[Json]:
        """`servicePrincipal`: the client's, the gallery application's if it is there, others that were made, and Graph's."""
        client = self._principal(self.client_principal, self.client_id, "HCM pipeline")
        graph = {
            **self._principal(self.graph_principal, GRAPH_APP_ID, "Microsoft Graph"),
            "appRoles": [
                {
                    "id": role_id, "value": name, "displayName": name, "description": name, "isEnabled": True,
                    "allowedMemberTypes": ["Application"], "origin": "Application",
                }
                for name, role_id in APP_ROLES.items()
            ],
        }  # fmt: skip
        made = [
            self._principal(one["principal"], one["app"], one["name"], one["template"])
            for one in self.document("more", [])
        ]
        return [client, *self._gallery_principal(), *made, graph]

    def _gallery_principal(self) -> list[Json]:
        if not self.app_is_there:
            return []
        template, name, _ = TEMPLATES[self.template]
        app = self.document("app") or {}
        return [
            self._principal(self._identity.service_principal_id, self.gallery_app_id, app.get("name") or name, template)
        ]

    @property
    def gallery_app_id(self) -> str:
        """The appId of the gallery application."""
        return made_up(self._identity.tenant_id, "gallery app")

    def _principal(self, object_id: str, app_id: str, name: str, template: str | None = None) -> Json:
        return {
            "id": object_id, "appId": app_id, "displayName": name, "appDisplayName": name, "accountEnabled": True,
            "applicationTemplateId": template, "servicePrincipalType": "Application", "appRoles": [],
            "appRoleAssignmentRequired": False, "appOwnerOrganizationId": self._identity.tenant_id,
            "servicePrincipalNames": [app_id], "tags": ["WindowsAzureActiveDirectoryIntegratedApp"],
            "notificationEmailAddresses": [], "passwordCredentials": [], "keyCredentials": [],
        }  # fmt: skip

    def applications(self) -> list[Json]:
        """`application`: the client with its credentials, the gallery application and others that were made without."""
        client = {
            **self._application(made_up(self._identity.tenant_id, "client application"), self.client_id, "HCM pipeline"),
            "passwordCredentials": [self._password()],
            "keyCredentials": self._keys(),
            "requiredResourceAccess": [{
                "resourceAppId": GRAPH_APP_ID,
                "resourceAccess": [{"id": APP_ROLES[name], "type": "Role"} for name in PERMISSIONS],
            }],
        }  # fmt: skip
        found = [client]
        if self.app_is_there:
            template, name, _ = TEMPLATES[self.template]
            app = self.document("app") or {}
            object_id = made_up(self._identity.tenant_id, "gallery application")
            found.append(self._application(object_id, self.gallery_app_id, app.get("name") or name, template))
        for one in self.document("more", []):
            found.append(self._application(one["application"], one["app"], one["name"], one["template"]))
        return found

    @staticmethod
    def _application(object_id: str, app_id: str, name: str, template: str | None = None) -> Json:
        return {
            "id": object_id, "appId": app_id, "displayName": name, "applicationTemplateId": template,
            "signInAudience": "AzureADMyOrg", "appRoles": [], "requiredResourceAccess": [], "passwordCredentials": [],
            "keyCredentials": [], "identifierUris": [], "tags": [],
        }  # fmt: skip

    def _password(self) -> Json:
        secret = self._identity.client_secret
        return {
            "keyId": made_up(self._identity.tenant_id, "secret"),
            "displayName": "sandbox",
            "hint": secret[:3],
            "secretText": None,
            "customKeyIdentifier": None,
            "startDateTime": "2026-01-01T00:00:00Z",
            "endDateTime": self._in_days(self._rules().secret_days),
        }

    def _keys(self) -> list[Json]:
        days = self._rules().certificate_days
        return [
            {
                "keyId": made_up(self._identity.tenant_id, one.fingerprint(hashes.SHA256()).hex()),
                "displayName": one.subject.rfc4514_string(),
                "type": "AsymmetricX509Cert",
                "usage": "Verify",
                "key": None,
                "customKeyIdentifier": b64encode(one.fingerprint(hashes.SHA1())).decode(),
                "startDateTime": f"{one.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}",
                "endDateTime": f"{one.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}" if days is None else self._in_days(days),
            }
            for one in self._certificates()
        ]

    def _certificates(self) -> list[x509.Certificate]:
        return [] if self.authority is None else self.authority.registered()

    def _in_days(self, days: float) -> str:
        return iso(micros(self._now() + days * DAY))[:19] + "Z"

    def federated_credentials(self, app_id: str) -> list[Json]:
        """`federatedIdentityCredentials` of an application; only the client has any."""
        kept: list[Json] = self.document("federated", [])
        return kept if app_id == self.client_id else []

    def federate(self, name: str, issuer: str, subject: str, audiences: list[str]) -> Json:
        """Let tokens of another issuer sign the client in."""
        made = {
            "id": str(uuid.uuid4()), "name": name, "issuer": issuer, "subject": subject, "audiences": audiences,
            "description": None,
        }  # fmt: skip
        self.keep("federated", [*self.document("federated", []), made])
        return made

    def instantiate(self, template: str, name: str) -> tuple[Json, Json]:
        """Make an application of a gallery template; the first one of the job's own template is the job's."""
        made = {"name": name, "template": template}
        if not self.app_is_there and template == TEMPLATES[self.template][0]:
            self.keep("app", made)
            return self.applications()[1], self._gallery_principal()[0]
        ids = {kind: str(uuid.uuid4()) for kind in ("application", "principal", "app")}
        self.keep("more", [*self.document("more", []), {**made, **ids}])
        principal = next(one for one in self.principals() if one["id"] == ids["principal"])
        return next(one for one in self.applications() if one["id"] == ids["application"]), principal

    # --- domains, licences

    def domains(self) -> list[Json] | None:
        """`domain`, each with whether it is verified; None: a tenant that takes every domain has no list of them."""
        rules = self._rules()
        if rules.verified_domains is None and not rules.unverified_domains:
            return None
        default = rules.default_domain or INITIAL_DOMAIN
        names = {INITIAL_DOMAIN, *(rules.verified_domains or ()), *rules.unverified_domains}
        return [
            {
                "id": name, "isVerified": name not in rules.unverified_domains, "isInitial": name == INITIAL_DOMAIN,
                "isDefault": name == default, "authenticationType": "Managed",
            }
            for name in sorted(names)
        ]  # fmt: skip

    def organization(self) -> Json:
        """`organization`."""
        listed = self.domains() or [{"id": INITIAL_DOMAIN, "isVerified": True, "isInitial": True, "isDefault": True}]
        return {
            "id": self._identity.tenant_id,
            "displayName": "Sandbox",
            "tenantType": "AAD",
            "onPremisesSyncEnabled": None,
            "technicalNotificationMails": [],
            "verifiedDomains": [
                {
                    "name": one["id"], "type": "Managed", "isInitial": one["isInitial"], "isDefault": one["isDefault"],
                    "capabilities": "Email",
                }
                for one in listed if one["isVerified"]
            ],
            "assignedPlans": [
                {
                    "assignedDateTime": "2026-01-01T00:00:00Z", "capabilityStatus": "Enabled",
                    "service": "AADPremiumService", "servicePlanId": plan,
                }
                for _, plan in PLANS[self._rules().license]
            ],
        }  # fmt: skip

    def skus(self) -> list[Json]:
        """`subscribedSku`: one of the licence, with the seats it has; every account takes one."""
        plans, seats = PLANS[self._rules().license], self._rules().license_seats
        if not plans:
            return []
        return [
            {
                "id": made_up(self._identity.tenant_id, "sku"),
                "skuId": plans[-1][1],
                "skuPartNumber": plans[-1][0],
                "capabilityStatus": "Enabled",
                "appliesTo": "User",
                "consumedUnits": self._store.number("SELECT count(*) FROM users"),
                "prepaidUnits": {
                    "enabled": 10_000_000 if seats is None else seats, "suspended": 0, "warning": 0, "lockedOut": 0,
                },
                "servicePlans": [
                    {
                        "servicePlanId": plan, "servicePlanName": name, "provisioningStatus": "Success",
                        "appliesTo": "User",
                    }
                    for name, plan in plans
                ],
            }
        ]  # fmt: skip

    # --- secrets of the synchronization

    def secrets(self) -> dict[str, str]:
        """Kept by `PUT synchronization/secrets`; without one, what the options say of a notification address."""
        kept: dict[str, str] | None = self.document("secrets")
        if kept is not None:
            return kept
        settings = {"Enabled": self._rules().notification_email, "DeleteThresholdEnabled": False}
        if self._rules().notification_email:
            settings["Recipients"] = f"hr-it@{INITIAL_DOMAIN}"  # type: ignore[assignment]
        return {NOTIFICATION: orjson.dumps(settings).decode()}

    def keep_secrets(self, pairs: Mapping[str, str]) -> None:
        """Replace all of them; a value that is shown as hidden keeps what it was."""
        before = self.secrets()
        self.keep("secrets", {key: before.get(key, "") if value == REDACTED else value for key, value in pairs.items()})

    @property
    def notifies(self) -> bool:
        """Whether there is somebody to notify: without, a start ends in quarantine."""
        if not self._rules().notification_email and self.document("secrets") is None:
            return False
        try:
            settings = orjson.loads(self.secrets().get(NOTIFICATION, "{}"))
        except orjson.JSONDecodeError:
            return False
        return isinstance(settings, dict) and bool(str(settings.get("Recipients") or "").strip())

    @property
    def skips_out_of_scope(self) -> bool:
        """Whether accounts that leave the scope are left as they are."""
        return self.secrets().get(SKIP_DELETIONS, "").lower() in ("true", "1")
