"""XML files: HCM Extracts and reports of BI Publisher, streamed record by record."""

from hcm_pipeline.sources.xml.xml_format import XML

__all__ = ["XML"]
