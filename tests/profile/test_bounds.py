"""Numbers of a profile have bounds: none is so far out that what is computed with it fails or means nothing."""

from __future__ import annotations

import math
import typing
from collections.abc import Iterator

import pytest
from pydantic import BaseModel, ValidationError

from hcm_pipeline.profile import Profile

VALUES = {("clauses", "value"), ("mapping", "value")}
"""Values of workers, and no measures: any whole number may be one."""


def parts(kind: object) -> Iterator[object]:
    """A type and all that it is made of."""
    yield kind
    for one in typing.get_args(kind):
        yield from parts(one)


def numbers(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[type[BaseModel], str, str]]:
    """The numeric keys of a model and of those in it: model, field, where the key stands in a profile."""
    for name, field in model.model_fields.items():
        here, kinds = (*path, field.alias or name), list(parts(field.annotation))
        if any(kind in (int, float) for kind in kinds) and here[-2:] not in VALUES:
            yield model, name, ".".join(here)
        for kind in kinds:
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from numbers(kind, here)


KEYS = {where: (model, name) for model, name, where in numbers(Profile)}


@pytest.mark.parametrize("where", sorted(KEYS))
def test_every_number_of_a_profile_has_bounds(where: str) -> None:
    model, name = KEYS[where]
    for value in (10**15, -1, 1e300, math.inf, -math.inf, math.nan):
        with pytest.raises(ValidationError):
            model.__pydantic_validator__.validate_assignment(model.model_construct(), name, value)


def test_the_keys_are_found() -> None:
    assert len(KEYS) > 40
    assert {"guards.windows.factor", "delivery.daily_quota", "guards.limits.max"} <= set(KEYS)
