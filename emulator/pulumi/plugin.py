"""What all our plugins share: a process prints its port, serves until it is told to end, and ends quietly."""

from __future__ import annotations

import os
import select
import signal
import sys
from typing import Final

from emulator.pulumi.protocol import Server
from emulator.pulumi.wire import Properties

_WORKERS: Final = 32
_ORPHAN_CHECK_SECONDS: Final = 1.0


def own_settings(settings: Properties) -> frozenset[str]:
    """Return the names of a provider's settings less those that are the engine's: how to find the plugin."""
    return frozenset(
        name for name in settings if name not in ("version", "pluginDownloadURL") and not name.startswith("__")
    )


def serve(implementation: object) -> None:
    """Serve `implementation` as a ResourceProvider until SIGINT, SIGTERM, or until the engine is gone.

    The first line of standard output is the port; the engine reads it (Pulumi's provider implementers' guide).
    """
    # A pipe, not an Event: a handler that runs while the main thread is inside Event.wait would wait for its own lock.
    told, tell = os.pipe()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os.write(tell, b"."))
    server = Server(_WORKERS)
    server.add("ResourceProvider", implementation)
    server.start()
    sys.stdout.write(f"{server.port}\n")
    sys.stdout.flush()
    engine = os.getppid()
    # An engine that was killed tells nobody; its plugins find themselves with another parent.
    while not select.select([told], [], [], _ORPHAN_CHECK_SECONDS)[0] and os.getppid() == engine:
        pass
    server.stop(grace_seconds=1)
