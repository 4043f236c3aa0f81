"""The regions in which Custom Vision can be deployed, and where that is known from."""

from __future__ import annotations

from typing import Final

AS_OF: Final = "2026-11-25"
"""The day on which the table was made."""
SOURCE: Final = (
    "the list of regions in Microsoft's reference of the Custom Vision Training API 3.3 "
    "(https://westus2.dev.cognitive.microsoft.com/docs/services/Custom_Vision_Training_3.3)"
)

CUSTOM_VISION_REGIONS: Final = frozenset(
    {
        "australiaeast",
        "centralindia",
        "eastus",
        "eastus2",
        "japaneast",
        "northcentralus",
        "northeurope",
        "southcentralus",
        "southeastasia",
        "uksouth",
        "westeurope",
        "westus2",
    }
)
"""Regions by the names that ``az account list-locations`` prints. Azure may have more by now: it is asked by
``python -m validation --preflight``."""
