"""The plugin's process: ``pulumi-resource-azure-native [ENGINE_ADDRESS]``."""

from __future__ import annotations

from emulator.home import Home
from emulator.pulumi.azure_native.servicer import AzureNative
from emulator.pulumi.plugin import serve


def main() -> None:
    """Serve until the engine ends it."""
    implementation = AzureNative(Home.from_environment())
    try:
        serve(implementation)
    finally:
        implementation.close()


if __name__ == "__main__":
    main()
