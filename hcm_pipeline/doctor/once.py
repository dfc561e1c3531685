"""A fact that several checks need, found out by the first that asks; the others wait for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """The result of a function, or the error that it raised, from its first call on. Any thread may ask."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._found: list[T] = []
        self._error: Exception | None = None

    @property
    def found(self) -> T | None:
        """The fact, if it has been found out; asks nobody."""
        return self._found[0] if self._found else None

    def __call__(self) -> T:
        """The fact. Raises what finding it out raised, each time."""
        with self._lock:
            if self._error is not None:
                raise self._error
            if not self._found:
                try:
                    self._found.append(self._make())
                except Exception as error:
                    self._error = error
                    raise
            return self._found[0]
