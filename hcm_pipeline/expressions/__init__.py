"""The mapping language of Entra provisioning: read, printed, in Graph's parsed form, and evaluated as it is documented."""

from hcm_pipeline.expressions.catalogue import FUNCTIONS, Function, unlike
from hcm_pipeline.expressions.dotnet_patterns import matches_pattern
from hcm_pipeline.expressions.evaluation import Compiled, compiled, evaluate
from hcm_pipeline.expressions.parsed_form import from_source, to_source
from hcm_pipeline.expressions.parsing import parse
from hcm_pipeline.expressions.syntax import DEEPEST, LONGEST, Attribute, Call, Constant, Expression, ExpressionFault
from hcm_pipeline.expressions.values import (
    Dropped,
    Surroundings,
    Unknown,
    Value,
    as_text,
    is_random,
    show_random,
    stamp,
)

__all__ = [
    "DEEPEST",
    "FUNCTIONS",
    "LONGEST",
    "Attribute",
    "Call",
    "Compiled",
    "Constant",
    "Dropped",
    "Expression",
    "ExpressionFault",
    "Function",
    "Surroundings",
    "Unknown",
    "Value",
    "as_text",
    "compiled",
    "evaluate",
    "from_source",
    "is_random",
    "matches_pattern",
    "parse",
    "show_random",
    "stamp",
    "to_source",
    "unlike",
]
