"""The domains of Custom Vision.

Ids and names: https://learn.microsoft.com/azure/ai-services/custom-vision-service/select-domain and the answers of
GetDomains. Every classification domain trains the same network here; compact ones can be exported.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

CLASSIFICATION_TYPES: Final = ("Multiclass", "Multilabel")
EXPORT_PLATFORMS: Final = ("CoreML", "TensorFlow", "DockerFile", "ONNX", "VAIDK")
EXPORTABLE_TO: Final = ("CoreML", "DockerFile", "ONNX", "TensorFlow")
"""``exportableTo`` of an iteration of General (compact), as the service answers it."""


@dataclass(frozen=True)
class Domain:
    """A domain as GetDomains answers it."""

    id: str
    name: str
    type: Literal["Classification", "ObjectDetection"]
    exportable: bool

    def json(self) -> dict[str, Any]:
        """Return the wire form."""
        return {
            "id": self.id,
            "name": self.name,
            "type": self.type,
            "exportable": self.exportable,
            "enabled": True,
        }


GENERAL: Final = Domain("ee85a74c-405e-4adc-bb47-ffa8ca0c9f31", "General", "Classification", False)
_ALL: Final = (
    GENERAL,
    Domain("a8e3c40f-fb4a-466f-832a-5e457ae4a344", "General [A1]", "Classification", False),
    Domain("2e37d7fb-3a54-486a-b4d6-cfc369af0018", "General [A2]", "Classification", False),
    Domain("c151d5b5-dd07-472a-acc8-15d29dea8518", "Food", "Classification", False),
    Domain("ca455789-012d-4b50-9fec-5bb63841c793", "Landmarks", "Classification", False),
    Domain("b30a91ae-e3c1-4f73-a81e-c270bff27c39", "Retail", "Classification", False),
    Domain("45badf75-3591-4f26-a705-45678d3e9f5f", "Adult", "Classification", False),
    Domain("0732100f-1a38-4e49-a514-c9b44c697ab5", "General (compact)", "Classification", True),
    Domain("a1db07ca-a19a-4830-bae8-e004a42dc863", "General (compact) [S1]", "Classification", True),
    Domain("8882951b-82cd-4c32-970b-d5f8cb8bf6d7", "Food (compact)", "Classification", True),
    Domain("b5cfd229-2ac7-4b2b-8d0a-2b0661344894", "Landmarks (compact)", "Classification", True),
    Domain("6b4faeda-8396-481b-9f8b-177b9fa3097f", "Retail (compact)", "Classification", True),
    Domain("da2e3a8a-40a5-4171-82f4-58522f70fbc1", "General", "ObjectDetection", False),
    Domain("9c616dff-2e7d-ea11-af59-1866da359ce6", "General [A1]", "ObjectDetection", False),
    Domain("1d8ffafe-ec40-4fb2-8f90-72b3b6cecea4", "Logo", "ObjectDetection", False),
    Domain("3780a898-81c3-4516-81ae-3a139614e1f3", "Products on shelves", "ObjectDetection", False),
    Domain("a27d5ca5-bb19-49d8-a70a-fec086c47f5b", "General (compact)", "ObjectDetection", True),
    Domain("7ec2ac80-887b-48a6-8df9-8b1357765430", "General (compact) [S1]", "ObjectDetection", True),
)
DOMAINS: Final = {domain.id: domain for domain in _ALL}
"""By id."""
