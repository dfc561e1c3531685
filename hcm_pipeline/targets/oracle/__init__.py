"""Oracle HCM as a target: what it takes back from Entra ID, how it is written, and what became of it."""

from hcm_pipeline.targets.oracle.same_values import key_sql, same_sql
from hcm_pipeline.targets.oracle.service import MENDS, OracleLive, OracleSide, key_of, limits_of
from hcm_pipeline.targets.oracle.target import ENTRA, HR, ORIGINS, STATEMENT, OracleTarget, was

__all__ = [
    "ENTRA",
    "HR",
    "MENDS",
    "ORIGINS",
    "STATEMENT",
    "OracleLive",
    "OracleSide",
    "OracleTarget",
    "key_of",
    "key_sql",
    "limits_of",
    "same_sql",
    "was",
]
