"""How Oracle HCM is written: what a profile decides about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LONGEST_USER_NAME = 100
"""Characters of a user name (Manage User Accounts)."""
Way = Literal["user_accounts", "scim"]
"""The resources that may take user names."""


@dataclass(frozen=True)
class WriteRules:
    """How workers are written. Types are Oracle's codes; of several the first that a worker has counts."""

    rest_root: str = "/hcmRestApi/resources/11.13.18.05"
    email_type: str = "W1"
    work_phone_types: tuple[str, ...] = ("W1",)
    mobile_phone_types: tuple[str, ...] = ("WM",)
    user_name_by: Literal["auto", "user_accounts", "scim"] = "auto"
    account_mail: bool = False
    before_start: bool = False
    after_end: bool = False
