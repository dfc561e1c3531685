"""The control of the Oracle HCM: people and actions, faults, options and entries; for tests and people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError, validate_call

from hcm_pipeline.sandbox.oracle.actions import HumanResources
from hcm_pipeline.sandbox.oracle.faults import read_fault

if TYPE_CHECKING:
    from hcm_pipeline.sandbox.oracle.service import Hcm

ACTIONS = (
    "hire", "rehire", "add_relationship", "convert", "terminate", "reverse_termination", "cancel", "change_start",
    "change_assignment", "add_assignment", "end_assignment", "change_manager", "salary", "global_transfer", "change_name",
    "change_phone", "change_email", "change_address", "change_username", "touch",
)  # fmt: skip


def act(hcm: Hcm, actions: object) -> list[str]:
    """Do actions in order, all of them or none: objects with `do` and what the action takes. Returns person numbers.

    Raises ValueError that says which action is wrong.
    """
    if not isinstance(actions, list) or not all(isinstance(one, dict) for one in actions):
        raise ValueError("actions: an array of objects")
    done = []
    human = HumanResources(hcm)
    with hcm.transaction():
        for number, given in enumerate(actions):
            name = given.get("do")
            if name not in ACTIONS:
                raise ValueError(f"actions[{number}].do: one of {', '.join(ACTIONS)}")
            rest = {key: value for key, value in given.items() if key != "do"}
            try:
                done.append(_checked(name)(human, **rest))
            except ValidationError as error:
                faults = [(".".join(map(str, one["loc"])), one["msg"]) for one in error.errors(include_input=False)]
                raise ValueError("; ".join(f"actions[{number}].{place}: {text}" for place, text in faults)) from None
            except ValueError as error:
                raise ValueError(f"actions[{number}].{error}") from None
    return done


@cache
def _checked(name: str) -> Callable[..., str]:
    """An action that judges its arguments by their types."""
    return validate_call(getattr(HumanResources, name))  # type: ignore[no-any-return]


def arm(hcm: Hcm, body: Mapping[str, object]) -> dict[str, Any]:
    """Arm a fault. Raises ValueError."""
    hcm.faults.arm(read_fault(body))
    return hcm.faults.report()
