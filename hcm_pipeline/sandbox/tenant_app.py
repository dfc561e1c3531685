"""Graph's addresses of the tenant: applications, service principals, consent, templates of the gallery, domains, licences.

Source: the Graph reference of each. Filters go by the one property that its pages use.
"""

from __future__ import annotations

import re

from hcm_pipeline.sandbox.graph_call import OWNED, Answer, Call, GraphRoute, Json, page_of
from hcm_pipeline.sandbox.log_service import TEMPLATES
from hcm_pipeline.sandbox.odata import BadQuery, known_options
from hcm_pipeline.sandbox.refusals import GraphError, not_found

WRITE_APPS = frozenset({OWNED, "Application.ReadWrite.All"})
READ_APPS = WRITE_APPS | {"Application.Read.All", "Directory.Read.All"}
READ_CONSENT = frozenset({"Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All"})
WRITE_CONSENT = frozenset({"AppRoleAssignment.ReadWrite.All"})
READ_DOMAINS = frozenset({"Domain.Read.All", "Directory.Read.All"})
READ_ORGANIZATION = frozenset({"Organization.Read.All", "Directory.Read.All"})
READ_LICENCES = READ_ORGANIZATION | {"LicenseAssignment.Read.All"}
ANYBODY: frozenset[str] = frozenset()

_EQUALS = re.compile(r"(\w+) eq '((?:[^']|'')*)'")


def routes() -> list[GraphRoute]:
    """Every route, with its permissions; none: any token will do."""
    principal, application = "/servicePrincipals", "/applications"
    return [
        ("GET", principal, "tenant", READ_APPS, _principals),
        ("GET", principal + "(appId='{app_id}')", "tenant", READ_APPS, _principal),
        ("GET", principal + "/{key}", "tenant", READ_APPS, _principal),
        ("GET", principal + "/{key}/appRoleAssignments", "tenant", READ_CONSENT, _assignments),
        ("POST", principal + "/{key}/appRoleAssignments", "tenant", WRITE_CONSENT, _assign),
        ("GET", application, "tenant", READ_APPS, _applications),
        ("GET", application + "(appId='{app_id}')", "tenant", READ_APPS, _application),
        ("GET", application + "/{key}", "tenant", READ_APPS, _application),
        ("GET", application + "/{key}/federatedIdentityCredentials", "tenant", READ_APPS, _federated),
        ("POST", application + "/{key}/federatedIdentityCredentials", "tenant", WRITE_APPS, _federate),
        ("POST", application + "(appId='{app_id}')/federatedIdentityCredentials", "tenant", WRITE_APPS, _federate),
        ("GET", "/applicationTemplates", "tenant", ANYBODY, _gallery),
        ("GET", "/applicationTemplates/{key}", "tenant", ANYBODY, _gallery_template),
        ("POST", "/applicationTemplates/{key}/instantiate", "tenant", WRITE_APPS, _instantiate),
        ("GET", "/domains", "domains", READ_DOMAINS, _domains),
        ("GET", "/organization", "tenant", READ_ORGANIZATION, _organizations),
        ("GET", "/organization/{key}", "tenant", READ_ORGANIZATION, _organization),
        ("GET", "/subscribedSkus", "tenant", READ_LICENCES, _skus),
    ]


def _selected(call: Call, found: Json) -> Json:
    """The properties that `$select` names, and the id."""
    names = call.query.get("$select")
    if names is None:
        return found
    wanted = [name.strip() for name in names.split(",")]
    unknown = [name for name in wanted if name not in found]
    if unknown:
        raise BadQuery(f"Could not find a property named '{unknown[0]}'.")
    return {name: found[name] for name in dict.fromkeys(("id", *wanted)) if name in found}


def _filtered(call: Call, context: str, found: list[Json], by: tuple[str, ...]) -> Answer:
    known_options(call.query, {"$select", "$filter", "$top", "$count"})
    text = call.query.get("$filter")
    if text is not None:
        match = _EQUALS.fullmatch(text.strip())
        if match is None or match.group(1) not in by:
            raise BadQuery(f"Invalid filter clause: one comparison by eq of {', '.join(by)} is supported")
        name, value = match.group(1), match.group(2).replace("''", "'")
        found = [one for one in found if str(one[name]).lower() == value.lower()]
    return page_of(call, context, [_selected(call, one) for one in found])


def _one(call: Call, found: list[Json], what: str) -> Json:
    path = call.request.path_params
    name, wanted = ("appId", path["app_id"]) if "app_id" in path else ("id", path["key"])
    for one in found:
        if one[name].lower() == wanted.lower():
            return one
    raise not_found(what)


# --- service principals and consent


def _principals(call: Call) -> Answer:
    by = ("appId", "displayName", "applicationTemplateId", "id")
    return _filtered(call, "servicePrincipals", call.sandbox.tenant.principals(), by)


def _principal(call: Call) -> Answer:
    known_options(call.query, {"$select"})
    return Answer(_selected(call, _one(call, call.sandbox.tenant.principals(), "service principal")))


def _assignments(call: Call) -> Answer:
    known_options(call.query, {"$select", "$top"})
    tenant = call.sandbox.tenant
    found = tenant.role_assignments(_one(call, tenant.principals(), "service principal")["id"])
    return page_of(call, "appRoleAssignments", [_selected(call, one) for one in found])


def _assign(call: Call) -> Answer:
    tenant, body = call.sandbox.tenant, call.json()
    principal = _one(call, tenant.principals(), "service principal")["id"]
    ours = (tenant.client_principal, tenant.graph_principal)
    if (principal, body.get("resourceId")) != ours or body.get("principalId") != principal:
        raise GraphError(400, "Request_BadRequest", "principalId and resourceId: the client, and Microsoft Graph.")
    made = tenant.grant(str(body.get("appRoleId")))
    if made is None:
        raise GraphError(400, "Request_BadRequest", "Permission being assigned was not found on application.")
    return Answer(made, 201)


# --- applications


def _applications(call: Call) -> Answer:
    by = ("appId", "displayName", "applicationTemplateId", "id")
    return _filtered(call, "applications", call.sandbox.tenant.applications(), by)


def _application(call: Call) -> Answer:
    known_options(call.query, {"$select"})
    return Answer(_selected(call, _one(call, call.sandbox.tenant.applications(), "application")))


def _federated(call: Call) -> Answer:
    known_options(call.query, {"$select", "$top"})
    tenant = call.sandbox.tenant
    found = tenant.federated_credentials(_one(call, tenant.applications(), "application")["appId"])
    return page_of(call, "federatedIdentityCredentials", [_selected(call, one) for one in found])


def _federate(call: Call) -> Answer:
    tenant, body = call.sandbox.tenant, call.json()
    if _one(call, tenant.applications(), "application")["appId"] != tenant.client_id:
        raise GraphError(403, "Authorization_RequestDenied", "Only the client may have federated credentials here.")
    name, issuer, subject = (body.get(key) for key in ("name", "issuer", "subject"))
    audiences = body.get("audiences")
    if not all(isinstance(text, str) and text for text in (name, issuer, subject)) or not isinstance(audiences, list):
        raise GraphError(400, "Request_BadRequest", "name, issuer, subject and audiences: required.")
    return Answer(tenant.federate(str(name), str(issuer), str(subject), [str(one) for one in audiences]), 201)


# --- the gallery


def _gallery_entries() -> list[Json]:
    return [
        {
            "id": template, "displayName": name, "publisher": "Microsoft", "supportedProvisioningTypes": ["sync"],
            "supportedSingleSignOnModes": [], "categories": [], "description": name,
        }
        for template, name, _ in TEMPLATES.values()
    ]  # fmt: skip


def _gallery(call: Call) -> Answer:
    return _filtered(call, "applicationTemplates", _gallery_entries(), ("displayName", "id"))


def _gallery_template(call: Call) -> Answer:
    known_options(call.query, {"$select"})
    return Answer(_selected(call, _one(call, _gallery_entries(), "application template")))


def _instantiate(call: Call) -> Answer:
    template = _one(call, _gallery_entries(), "application template")["id"]
    name = call.json().get("displayName")
    if not isinstance(name, str) or not name.strip():
        raise GraphError(400, "BadRequest", "displayName: required.")
    application, principal = call.sandbox.tenant.instantiate(template, name)
    return Answer({"application": application, "servicePrincipal": principal}, 201)


# --- domains and licences


def _domains(call: Call) -> Answer:
    found = call.sandbox.tenant.domains()
    if found is None:
        raise GraphError(403, "Authorization_RequestDenied", "This tenant takes every domain; it has no list of them.")
    known_options(call.query, {"$select"})
    return page_of(call, "domains", found)


def _organizations(call: Call) -> Answer:
    known_options(call.query, {"$select"})
    return page_of(call, "organization", [_selected(call, call.sandbox.tenant.organization())])


def _organization(call: Call) -> Answer:
    known_options(call.query, {"$select"})
    return Answer(_selected(call, _one(call, [call.sandbox.tenant.organization()], "organization")))


def _skus(call: Call) -> Answer:
    known_options(call.query, {"$select"})
    return page_of(call, "subscribedSkus", [_selected(call, one) for one in call.sandbox.tenant.skus()])
