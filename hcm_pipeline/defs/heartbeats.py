"""The state of a home's Dagster instance, read from its files without loading Dagster, which takes a second, and without writing.

Dagster keeps heartbeats of its daemons in the table `daemon_heartbeats` of `history/runs.db`, and what somebody switched in
`instigators` of `schedules/schedules.db`. An instance whose storage is elsewhere is not read.
"""

from __future__ import annotations

import datetime as dt
import json

from hcm_pipeline.flow import DagsterState, Heartbeat, NoInstance, read_only
from hcm_pipeline.home import Home

RUNS, SCHEDULES = "history/runs.db", "schedules/schedules.db"


def dagster_state(home: Home) -> DagsterState:
    """Heartbeats and switches. Raises NoInstance."""
    config = home.path / "dagster.yaml"
    if not config.is_file():
        raise NoInstance("there is no Dagster instance in the home; `hcm-pipeline ui` makes one")
    if "\nstorage:" in "\n" + config.read_text(encoding="utf-8"):
        raise NoInstance(
            "Dagster's state is kept elsewhere (storage in dagster.yaml): its UI shows the daemon, under Deployment"
        )
    if not (home.path / RUNS).is_file():
        raise NoInstance("Dagster has not run yet for this home; `hcm-pipeline ui` starts it")
    return DagsterState(_heartbeats(home), _switched(home))


def _heartbeats(home: Home) -> dict[str, Heartbeat]:
    with read_only(home.path / RUNS) as db:
        rows = db.execute("SELECT daemon_type, timestamp, body FROM daemon_heartbeats").fetchall()
    return {
        str(row["daemon_type"]): Heartbeat(
            dt.datetime.fromisoformat(str(row["timestamp"])).replace(tzinfo=dt.UTC),
            bool(_object(row["body"]).get("errors")),
        )
        for row in rows
    }


def _switched(home: Home) -> dict[str, bool]:
    if not (home.path / SCHEDULES).is_file():
        return {}
    with read_only(home.path / SCHEDULES) as db:
        rows = db.execute("SELECT status, instigator_body FROM instigators").fetchall()
    found = {}
    for row in rows:
        name = _name(_object(row["instigator_body"]))
        if name and row["status"] in ("RUNNING", "STOPPED"):
            found[name] = row["status"] == "RUNNING"
    return found


def _name(body: dict[str, object]) -> str:
    for key in ("origin", "external_job_origin", "job_origin"):
        origin = body.get(key)
        if isinstance(origin, dict):
            for name in ("instigator_name", "job_name"):
                if isinstance(origin.get(name), str):
                    return str(origin[name])
    return ""


def _object(text: object) -> dict[str, object]:
    try:
        found = json.loads(text) if isinstance(text, str | bytes) else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
