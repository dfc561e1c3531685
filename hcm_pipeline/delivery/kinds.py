"""The kinds of operation that a plan makes."""

from __future__ import annotations

from enum import StrEnum


class OperationKind(StrEnum):
    """The effect of an operation on an account. A target says which of them it has, and in which order they are sent."""

    DISABLE = "disable"
    ENABLE = "enable"
    CREATE = "create"
    RENAME = "rename"
    MOVE = "move"
    UPDATE = "update"
    RETRY = "retry"
    """The same content once more: what the target has of the worker is not known to be right."""
