"""Identities: unique names, given once and kept for life."""

from hcm_pipeline.identity.ledger import give_names
from hcm_pipeline.identity.name_parts import in_scope
from hcm_pipeline.identity.spelling import spell

__all__ = ["give_names", "in_scope", "spell"]
