"""The plugin's process: ``pulumi-resource-random [ENGINE_ADDRESS]``."""

from __future__ import annotations

from emulator.pulumi.plugin import serve
from emulator.pulumi.random.servicer import Random

if __name__ == "__main__":
    serve(Random())
