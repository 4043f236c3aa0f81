"""How this cloud describes itself to clients of Azure Resource Manager."""

from __future__ import annotations

from typing import Any, Final

from emulator.home import Configuration
from emulator.identity import ARM_AUDIENCES

METADATA_API_VERSIONS: Final = ("2022-09-01",)


def cloud_metadata(configuration: Configuration) -> dict[str, Any]:
    """Return the body of ``/metadata/endpoints``, in the shape that public Azure has at version 2022-09-01.

    There is no ``loginEndpoint``: the emulator's tokens come from its command line. There are no ``suffixes``: data
    planes are told apart by ports and paths, not by host names.
    """
    return {
        "name": "AzureEmulator",
        "portal": configuration.url("portal"),
        "resourceManager": configuration.url("arm"),
        "authentication": {
            "audiences": list(ARM_AUDIENCES),
            "tenant": configuration.tenant_id,
            "identityProvider": "AAD",
        },
        "suffixes": {},
    }
