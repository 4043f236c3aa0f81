"""Ports for emulators of tests: several processes test at once, and none takes the default ones."""

import contextlib
import random
import socket

from emulator.home import SERVICES


def free_port_base() -> int:
    """Return the first of as many free ports as an emulator has, below those that the system gives out itself."""
    while True:
        base = random.SystemRandom().randrange(12_000, 30_000)
        with contextlib.suppress(OSError), contextlib.ExitStack() as held:
            for offset in range(len(SERVICES)):
                held.enter_context(socket.create_server(("127.0.0.1", base + offset)))
            return base
