"""A faithful local Microsoft Entra ID: sign-in, bulkUpload, cycles, provisioning log and users, over TLS."""

from hcm_pipeline.sandbox.options import SandboxOptions
from hcm_pipeline.sandbox.server import SandboxHandle, running, serve
from hcm_pipeline.sandbox.service import job_key

__all__ = ["SandboxHandle", "SandboxOptions", "job_key", "running", "serve"]
