"""A faithful local Microsoft Entra ID: sign-in, bulkUpload, cycles, provisioning log and users, over TLS."""

from hcm_pipeline.sandbox.options import SandboxOptions
from hcm_pipeline.sandbox.server import SandboxHandle, running, serve

__all__ = ["SandboxHandle", "SandboxOptions", "running", "serve"]
