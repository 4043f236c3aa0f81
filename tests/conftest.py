pytest_plugins = ["emulator.testing.plugin", "pytester"]
