"""The mapping language of Entra provisioning: read, printed, in Graph's parsed form, and evaluated as it is documented."""

from hcm_pipeline.expressions.catalogue import FUNCTIONS, Function, unlike
from hcm_pipeline.expressions.parsed_form import from_source, to_source
from hcm_pipeline.expressions.parsing import parse
from hcm_pipeline.expressions.syntax import DEEPEST, LONGEST, Attribute, Call, Constant, Expression, ExpressionFault

__all__ = [
    "DEEPEST",
    "FUNCTIONS",
    "LONGEST",
    "Attribute",
    "Call",
    "Constant",
    "Expression",
    "ExpressionFault",
    "Function",
    "from_source",
    "parse",
    "to_source",
    "unlike",
]
