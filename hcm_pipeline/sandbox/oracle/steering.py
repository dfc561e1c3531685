"""The control's addresses below `/sandbox/hcm`."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from hcm_pipeline.sandbox.options import checked
from hcm_pipeline.sandbox.oracle.control import act, arm
from hcm_pipeline.sandbox.oracle.extracts import ExtractOptions, extract
from hcm_pipeline.sandbox.oracle.options import HcmOptions
from hcm_pipeline.sandbox.oracle.truth import truth

if TYPE_CHECKING:
    from hcm_pipeline.sandbox.oracle.service import Hcm

Json = dict[str, Any]


def steer(hcm: Hcm, name: str, method: str, query: Json, body: Json) -> Json | bytes:
    """Do what an address of the control asks for; an extract is bytes. Raises ValueError, also for what is not known."""
    with hcm.lock:
        hcm.catch_up()
        if name == "act" and method == "POST":
            return {"person_numbers": act(hcm, body.get("actions"))}
        if name == "faults":
            if method == "DELETE":
                hcm.faults.disarm()
            return arm(hcm, body) if method == "POST" else hcm.faults.report()
        if name == "options":
            if method == "POST":
                hcm.change_options(body)
            elif method == "DELETE":
                hcm.restore_options()
            return {"options": TypeAdapter(HcmOptions).dump_python(hcm.options, mode="json")}
        if name == "state" and method == "GET":
            return {**hcm.counts(), "today": hcm.today().isoformat(), "now": hcm.now()}
        if name == "company" and method == "POST":
            hcm.found(body)
            return {"person_numbers": [person.number for person in hcm.people.values()]}
        if name == "extract" and method == "POST":
            wanted = checked(ExtractOptions, body)
            return extract(truth(list(hcm.people.values()), wanted.on or hcm.today()), wanted)
        if name == "truth" and method == "GET":
            on = day(query, hcm)
            return {"on": on.isoformat(), "rows": truth(list(hcm.people.values()), on)}
        if name == "credentials" and method == "GET":
            return dict(hcm.sign_in.credentials.told())
        if name == "tokens" and method == "DELETE":
            hcm.sign_in.generation += 1
            return {}
    raise ValueError(f"{method} /sandbox/hcm/{name}: not known")


def day(query: Json, hcm: Hcm) -> date:
    """The day that is asked about; today unless given. Raises ValueError."""
    text = query.get("on")
    try:
        return date.fromisoformat(text) if text else hcm.today()
    except ValueError:
        raise ValueError("on: a day, YYYY-MM-DD") from None
