"""The one exception of the sandbox, which knows nothing of the product's."""

from __future__ import annotations


class SandboxProblem(Exception):
    """A sandbox could not be had, or was asked for with options that it does not know. The message says why, and the mend.

    `exit_code` is 2 when the command was called wrongly, else 1.
    """

    def __init__(self, message: str, exit_code: int = 1) -> None:
        self.exit_code = exit_code
        super().__init__(message)
