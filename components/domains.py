"""The domains and export platforms of Custom Vision classification projects.

Source: `Select a domain for a Custom Vision project
<https://learn.microsoft.com/azure/ai-services/custom-vision-service/select-domain>`_ and the service's GetDomains.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Domain:
    """A domain: its GUID, and whether a model trained on it can be exported (the compact ones)."""

    id: str
    exportable: bool


CLASSIFICATION_DOMAINS: Final[dict[str, Domain]] = {
    "General": Domain("ee85a74c-405e-4adc-bb47-ffa8ca0c9f31", exportable=False),
    "General [A1]": Domain("a8e3c40f-fb4a-466f-832a-5e457ae4a344", exportable=False),
    "General [A2]": Domain("2e37d7fb-3a54-486a-b4d6-cfc369af0018", exportable=False),
    "Food": Domain("c151d5b5-dd07-472a-acc8-15d29dea8518", exportable=False),
    "Landmarks": Domain("ca455789-012d-4b50-9fec-5bb63841c793", exportable=False),
    "Retail": Domain("b30a91ae-e3c1-4f73-a81e-c270bff27c39", exportable=False),
    "General (compact)": Domain("0732100f-1a38-4e49-a514-c9b44c697ab5", exportable=True),
    "General (compact) [S1]": Domain("a1db07ca-a19a-4830-bae8-e004a42dc863", exportable=True),
    "Food (compact)": Domain("8882951b-82cd-4c32-970b-d5f8cb8bf6d7", exportable=True),
    "Landmarks (compact)": Domain("b5cfd229-2ac7-4b2b-8d0a-2b0661344894", exportable=True),
    "Retail (compact)": Domain("6b4faeda-8396-481b-9f8b-177b9fa3097f", exportable=True),
}
"""Domain name -> domain. The Adult domain was removed from the documentation in 2019 and is left out."""

DETECTION_DOMAIN_IDS: Final = frozenset(
    {
        "da2e3a8a-40a5-4171-82f4-58522f70fbc1",
        "9c616dff-2e7d-ea11-af59-1866da359ce6",
        "1d8ffafe-ec40-4fb2-8f90-72b3b6cecea4",
        "3780a898-81c3-4516-81ae-3a139614e1f3",
        "a27d5ca5-bb19-49d8-a70a-fec086c47f5b",
        "7ec2ac80-887b-48a6-8df9-8b1357765430",
    }
)
"""Domains of object detection. A project cannot change between the two types
(BadRequestProjectUnsupportedDomainTypeChange)."""

CLASSIFICATION_TYPES: Final = ("Multiclass", "Multilabel")
EXPORT_PLATFORMS: Final = ("CoreML", "TensorFlow", "DockerFile", "ONNX", "VAIDK")
"""ExportPlatform of the training API v3.3."""
