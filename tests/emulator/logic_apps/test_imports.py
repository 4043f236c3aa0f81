"""The engine stands on its own: its modules depend on each other in one direction only, and on no other service."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[3]
ENGINE = ROOT / "emulator" / "logic_apps"
SHARED = {"emulator.arm.errors", "emulator.clock", "emulator.durations", "emulator.telemetry"}
"""What the engine takes from the rest of the emulator."""
SERVICE = {"service", "data_plane", "management"}
"""The modules and the package that join the engine to the emulator."""


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(path: Path) -> set[str]:
    """What a module imports, for type checking only too; a package's module counts for the package's `from`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            submodules = {f"{node.module}.{each.name}" for each in node.names} & MODULES
            found |= submodules or {node.module}
        elif isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
    return found


MODULES = {name_of(path) for path in ENGINE.rglob("*.py")}


def test_no_module_of_the_engine_is_in_an_import_circle():
    graph = {name_of(path): imported(path) & MODULES - {name_of(path)} for path in ENGINE.rglob("*.py")}
    TopologicalSorter(graph).prepare()


def test_the_engine_needs_no_other_service():
    for path in ENGINE.rglob("*.py"):
        if path.relative_to(ENGINE).parts[0].removesuffix(".py") in SERVICE:
            continue
        outside = {name for name in imported(path) if name.startswith("emulator.")} - MODULES
        assert outside <= SHARED, path
