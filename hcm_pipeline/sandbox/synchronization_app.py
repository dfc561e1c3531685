"""Graph's addresses below a service principal's `synchronization`: jobs, schema, templates, secrets, object connections.

Source: the `synchronization-*` pages of the Graph reference, and "Manage provisioning object connections" (beta, September 2026).
"""

from __future__ import annotations

from hcm_pipeline.sandbox.default_schema import default_schema
from hcm_pipeline.sandbox.expression_catalogue import FILTER_OPERATORS, function_schemas
from hcm_pipeline.sandbox.expression_trial import parsed
from hcm_pipeline.sandbox.graph_call import (
    READ_JOBS,
    WRITE_JOBS,
    Answer,
    Call,
    GraphRoute,
    Json,
    check_job,
    page_of,
)
from hcm_pipeline.sandbox.jobs import job_resource
from hcm_pipeline.sandbox.log_service import TEMPLATES
from hcm_pipeline.sandbox.odata import known_options
from hcm_pipeline.sandbox.refusals import GraphError, not_found
from hcm_pipeline.sandbox.schema_form import SchemaFault, check_schema
from hcm_pipeline.sandbox.service import RESTART_SCOPES
from hcm_pipeline.sandbox.tenant import INITIAL_DOMAIN, REDACTED, SHOWN_SECRETS

_METADATA = "SynchronizationMetadata"
READ_CONNECTIONS = READ_JOBS | {
    f"{_METADATA}.{verb}.{whose}" for verb in ("Read", "ReadWrite") for whose in ("OwnedBy", "All")
}
WRITE_CONNECTIONS = WRITE_JOBS | {f"{_METADATA}.ReadWrite.OwnedBy", f"{_METADATA}.ReadWrite.All"}
"""The permissions of the Graph reference and those of the how-to, which disagree."""

ROOT = "/servicePrincipals/{principal}/synchronization"
JOB = ROOT + "/jobs/{job}"
CONNECTION = JOB + "/objectConnections"


def routes() -> list[GraphRoute]:
    """Every route, with its permissions."""
    return [
        ("GET", ROOT + "/jobs", "jobs", READ_JOBS, _jobs),
        ("POST", ROOT + "/jobs", "jobs", WRITE_JOBS, _make_job),
        ("GET", JOB, "jobs", READ_JOBS, _job),
        ("GET", JOB + "/schema", "jobs", READ_JOBS, _schema),
        ("PUT", JOB + "/schema", "jobs", WRITE_JOBS, _put_schema),
        ("DELETE", JOB + "/schema", "jobs", WRITE_JOBS, _delete_schema),
        *(
            ("GET", f"{place}/schema/{name}", "jobs", WRITE_JOBS, work)
            for place in (JOB, ROOT + "/templates/{template}")
            for name, work in (("functions", _functions), ("filterOperators", _filter_operators))
        ),
        ("POST", JOB + "/schema/parseExpression", "jobs", WRITE_JOBS, _parse),
        ("POST", ROOT + "/templates/{template}/schema/parseExpression", "jobs", WRITE_JOBS, _parse),
        ("POST", JOB + "/start", "jobs", WRITE_JOBS, _start),
        ("POST", JOB + "/pause", "jobs", WRITE_JOBS, _pause),
        ("POST", JOB + "/restart", "jobs", WRITE_JOBS, _restart),
        ("GET", ROOT + "/templates", "jobs", READ_JOBS, _templates),
        ("GET", ROOT + "/templates/{template}", "jobs", READ_JOBS, _template),
        ("GET", ROOT + "/templates/{template}/schema", "jobs", READ_JOBS, _template_schema),
        ("GET", ROOT + "/secrets", "jobs", READ_JOBS, _secrets),
        ("PUT", ROOT + "/secrets", "jobs", WRITE_JOBS, _put_secrets),
    ]


def beta_routes() -> list[GraphRoute]:
    """Those of beta alone."""
    keyed = [CONNECTION + "/{key}", CONNECTION + "('{key}')"]
    return [
        ("GET", CONNECTION, "jobs", READ_CONNECTIONS, _no_listing),
        *(("GET", path, "jobs", READ_CONNECTIONS, _connection) for path in keyed),
        *(("DELETE", path, "jobs", WRITE_CONNECTIONS, _disconnect) for path in keyed),
    ]


# --- jobs


def _jobs(call: Call) -> Answer:
    more = _made(call)
    if more is not None:
        return Answer({"value": more.get("jobs", [])})
    check_job(call)
    return Answer({"value": [job_resource(call.sandbox)] if call.sandbox.tenant.job_is_there else []})


def _made(call: Call) -> Json | None:
    """Another application that was made: it has jobs, and they never run."""
    made: list[Json] = call.sandbox.tenant.document("more", [])
    return next((one for one in made if one["principal"] == call.request.path_params["principal"].lower()), None)


def _make_job(call: Call) -> Answer:
    template, tenant, identity = call.json().get("templateId"), call.sandbox.tenant, call.sandbox.identity
    if template not in TEMPLATES:
        raise GraphError(400, "BadRequest", "templateId: there is no such synchronization template.")
    more = _made(call)
    if more is not None:
        job = {"id": f"{template}.{identity.tenant_id.replace('-', '')}.{more['app']}", "templateId": template}
        job = {**job_resource(call.sandbox), **job}
        job["schedule"], job["status"] = (
            {**job["schedule"], "state": "Disabled"},
            {**job["status"], "code": "NotConfigured", "quarantine": None},
        )
        kept = [one for one in tenant.document("more") if one != more]
        tenant.keep("more", [*kept, {**more, "jobs": [*more.get("jobs", []), job]}])
        return Answer(job, 201)
    check_job(call)
    if template != tenant.template:
        raise GraphError(400, "BadRequest", "templateId: the application is of another template.")
    if tenant.job_is_there:
        raise GraphError(409, "Conflict", "The application has a job of this template.")
    call.sandbox.make_job()
    return Answer(job_resource(call.sandbox), 201)


def _job(call: Call) -> Answer:
    check_job(call)
    return Answer(job_resource(call.sandbox))


def _start(call: Call) -> Answer:
    check_job(call)
    call.sandbox.start_job()
    return Answer(status=204)


def _pause(call: Call) -> Answer:
    check_job(call)
    call.sandbox.pause_job()
    return Answer(status=204)


def _restart(call: Call) -> Answer:
    check_job(call)
    criteria = call.json().get("criteria") or {}
    named = criteria.get("resetScope") if isinstance(criteria, dict) else None
    scopes = frozenset(word.strip() for word in str("Full" if named is None else named).split(","))
    if not scopes <= set(RESTART_SCOPES):
        raise GraphError(400, "BadRequest", f"resetScope: the values are {', '.join(RESTART_SCOPES)}.")
    call.sandbox.restart_job(scopes)
    return Answer(status=204)


# --- schema


def _schema(call: Call) -> Answer:
    check_job(call)
    return Answer(call.sandbox.schema)


def _put_schema(call: Call) -> Answer:
    check_job(call)
    if not call.request.headers.get("content-type", "").lower().startswith("application/json"):
        raise GraphError(400, "BadRequest", "A schema is sent as application/json.")
    schema = call.json()
    try:
        check_schema(schema)
    except SchemaFault as error:
        raise GraphError(400, "BadRequest", str(error)) from None
    call.sandbox.set_schema(schema)
    return Answer(status=204)


def _delete_schema(call: Call) -> Answer:
    check_job(call)
    call.sandbox.set_schema(None)
    return Answer(status=204)


def _functions(call: Call) -> Answer:
    check_job(call)
    return page_of(call, "functions", function_schemas())


def _filter_operators(call: Call) -> Answer:
    check_job(call)
    return page_of(call, "filterOperators", list(FILTER_OPERATORS))


def _parse(call: Call) -> Answer:
    """`parseExpressionResponse`."""
    check_job(call)
    body, rules = call.json(), call.sandbox.rules
    if not isinstance(body.get("expression"), str):
        raise GraphError(400, "BadRequest", "expression: required.")
    domain = rules.default_domain or INITIAL_DOMAIN
    told = parsed(body, call.sandbox.clock.now(), domain)
    url = call.request.url
    context = f"{url.scheme}://{url.netloc}/{call.version}/$metadata#microsoft.graph.parseExpressionResponse"
    return Answer({"@odata.context": context, **told})


# --- templates


def _templates(call: Call) -> Answer:
    check_job(call)
    return Answer({"value": [_shown(call, call.sandbox.tenant.template)]})


def _template(call: Call) -> Answer:
    return Answer(_shown(call, _named(call)))


def _template_schema(call: Call) -> Answer:
    return Answer(_shown(call, _named(call))["schema"])


def _named(call: Call) -> str:
    check_job(call)
    name: str = call.request.path_params["template"]
    if name != call.sandbox.tenant.template:
        raise not_found("synchronization template")
    return name


def _shown(call: Call, name: str) -> Json:
    application = TEMPLATES[name][0]
    return {
        "id": name,
        "applicationId": application,
        "default": True,
        "description": TEMPLATES[name][1],
        "discoverable": True,
        "factoryTag": name,
        "metadata": [],
        "schema": default_schema(name, name, call.sandbox.rules),
    }


# --- secrets


def _secrets(call: Call) -> Answer:
    check_job(call)
    pairs = call.sandbox.tenant.secrets()
    return Answer(
        {"value": [{"key": key, "value": value if key in SHOWN_SECRETS else REDACTED} for key, value in pairs.items()]}
    )


def _put_secrets(call: Call) -> Answer:
    check_job(call)
    pairs = call.json().get("value")
    if not isinstance(pairs, list) or not all(
        isinstance(pair, dict) and isinstance(pair.get("key"), str) and isinstance(pair.get("value"), str)
        for pair in pairs
    ):
        raise GraphError(400, "BadRequest", "value: an array of pairs of key and value.")
    call.sandbox.tenant.keep_secrets({pair["key"]: pair["value"] for pair in pairs})
    return Answer(status=204)


# --- object connections


def _no_listing(_call: Call) -> Answer:
    raise GraphError(400, "BadRequest", "Listing object connections isn't supported; name one by its identifier.")


def _connection(call: Call) -> Answer:
    check_job(call)
    known_options(call.query, {"$select"})
    found = call.sandbox.connection(call.request.path_params["key"])
    if found is None:
        raise not_found("object connection")
    url = call.request.url
    context = f"{url.scheme}://{url.netloc}/{call.version}/$metadata#objectConnection/$entity"
    names = call.query.get("$select")
    shown = found if names is None else {name: found[name] for name in names.split(",") if name in found}
    return Answer({"@odata.context": context, **shown})


def _disconnect(call: Call) -> Answer:
    """Idempotent: nobody is told whether there was one."""
    check_job(call)
    if call.sandbox.job.schedule == "Active":
        raise GraphError(409, "Conflict", "The synchronization job is active; pause or disable it first.")
    found = call.sandbox.connection(call.request.path_params["key"])
    if found is not None:
        call.sandbox.disconnect(found["sourceAnchor"], found["targetAnchor"])
    return Answer(status=204)
