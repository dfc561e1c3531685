"""Microsoft Entra ID as a target: what a worker's SCIM user is, and how it is sent to a synchronization job."""

from hcm_pipeline.targets.entra.desired import carriers
from hcm_pipeline.targets.entra.scim_mapping import columns_of, compile_mapping, mapping_faults
from hcm_pipeline.targets.entra.target import EntraTarget

__all__ = ["EntraTarget", "carriers", "columns_of", "compile_mapping", "mapping_faults"]
