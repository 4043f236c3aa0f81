pytest_plugins = ["emulator.testing.plugin", "pytester", "tests.emulator.custom_vision.answers"]
