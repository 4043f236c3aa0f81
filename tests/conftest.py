"""What the whole suite needs."""

import signal

pytest_plugins = ["emulator.testing.plugin", "pytester", "tests.emulator.custom_vision.answers"]

# A suite that was started in the background of a script ignores SIGINT, and so would every process that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
