"""What retraining costs in actions, calls and seconds, against a workflow that makes one call an image.

``python -m bench.retraining [COUNT ...]`` prints, ``--write`` also puts the figures into docs/benchmarks.md. Both
workflows run on the emulator until every image is trained and published; what they are compared with is
``bench/one_call_an_image.json``, which checks nothing but each image's status. Waiting is hurried, so the seconds are
those of the work.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sqlite3
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from bench.report import Measure, command, section, write_section
from components.declared_settings import SETTINGS
from emulator.clock import SystemClock
from tests.workflows.record_tables import RecordTables
from tests.workflows.world import CONTRIBUTOR, LOGIC, PUBLISHER, Retraining, World, merged, pictures

_COUNTS: Final = (100, 1_000, 10_000)
_ACTION_DOLLARS: Final = 0.000025
"""List price of a built-in action, see docs/cost.md."""
_ONE_CALL_AN_IMAGE: Final = Path(__file__).with_name("one_call_an_image.json")
_TRAINED_BEFORE: Final = 10
"""Images of each label that the project is trained with before anything is measured: no measured run is the first."""
_DEFAULT_TRAINING_POLL_SECONDS: Final = next(each for each in SETTINGS if each.key == "trainingPollSeconds").default


@dataclass(frozen=True)
class Cost:
    """What it took until all images were trained and published.

    Attributes:
        images: how many were uploaded.
        runs: how many runs there were.
        actions: executed, so billed, actions of all runs.
        calls: calls of services by these.
        seconds: how long it took.
        grown: by how many MiB the memory of the process grew meanwhile, which is that of all services.
    """

    images: int
    runs: int
    actions: int
    calls: int
    seconds: float
    grown: float

    def __str__(self) -> str:
        """Name the figures; the price is the list price of the actions of 1,000 images."""
        dollars = self.actions * _ACTION_DOLLARS * 1_000 / self.images
        runs = "1 run" if self.runs == 1 else f"{self.runs} runs"
        work = f"{self.calls:,} calls, {self.seconds:.0f} s, {self.grown:+.0f} MiB"
        return f"{self.actions:,} ({runs}, {work}, ${dollars:.3f} a 1,000 images)"


def retraining(world: World, images: int) -> Cost:
    """Measure the real definition, as it is deployed by default."""
    made = _trained_before(world, f"real{images}")
    return _cost(made, images, made.workflow)


def one_call_an_image(world: World, images: int) -> Cost:
    """Measure what it is compared with, on a project of its own."""
    made = _trained_before(world, f"naive{images}")
    return _cost(made, images, _deploy_one_call_an_image(made))


def _trained_before(world: World, name: str) -> Retraining:
    tables = RecordTables(world, name)
    made = Retraining(world, name, records=tables.parameters)
    world.assign(made.principal, PUBLISHER, tables.rule)
    made.upload(merged([pictures("red", _TRAINED_BEFORE), pictures("blue", _TRAINED_BEFORE)]))
    if made.run("manual").status != "Succeeded":
        raise RuntimeError("the project could not be prepared")
    return made


def _cost(made: Retraining, images: int, workflow: str) -> Cost:
    before = len(made.names("processed"))
    halves = [pictures("red", images // 2, 100_000), pictures("blue", images - images // 2, 100_000)]
    made.upload(merged(halves))
    runs: list[str] = []
    held = _resident_mebibytes()
    began = time.perf_counter()
    while made.names("training"):
        runs.append(_run(made, workflow))
    seconds, grown = time.perf_counter() - began, _resident_mebibytes() - held
    if len(made.names("processed")) != before + images:
        raise RuntimeError(f"{len(made.names('processed')) - before} of {images} images were processed")
    counts = [counted(made.world, run) for run in runs]
    return Cost(images, len(runs), sum(each[0] for each in counts), sum(each[1] for each in counts), seconds, grown)


def _run(made: Retraining, workflow: str) -> str:
    arm = made.world.arm
    before = {run["name"] for run in arm.values(f"{workflow}/runs", LOGIC)}
    arm.post(f"{workflow}/triggers/manual/run", LOGIC)
    (run,) = [run["name"] for run in arm.values(f"{workflow}/runs", LOGIC) if run["name"] not in before]
    while (properties := arm.get(f"{workflow}/runs/{run}", LOGIC)["properties"])["status"] == "Running":
        time.sleep(0.5)
    if properties["status"] != "Succeeded":
        actions = arm.values(f"{workflow}/runs/{run}/actions", LOGIC, **{"$top": "250"})
        failed = [each["name"] for each in actions if each["properties"]["status"] == "Failed"]
        raise RuntimeError(f"{workflow}: {properties.get('error')}; {failed}")
    return run


def _deploy_one_call_an_image(made: Retraining) -> str:
    world = made.world
    definition: dict[str, Any] = json.loads(_ONE_CALL_AN_IMAGE.read_text(encoding="utf-8"))
    workflow = f"{made.workflow}-one-call-an-image"
    parameters = {name: {"value": made.parameters[name]} for name in definition["parameters"]}
    properties = {"definition": definition, "parameters": parameters}
    body = {"location": "eastus", "identity": {"type": "SystemAssigned"}, "properties": properties}
    principal = world.put(workflow, LOGIC, body)["identity"]["principalId"]
    for purpose in ("training", "processed"):
        container = f"{world.storage}/blobServices/default/containers/{made.containers[purpose]}"
        world.assign(principal, CONTRIBUTOR, container)
    for scope in (world.storage, world.training):
        world.assign(principal, made.role, scope)
    return workflow


def _resident_mebibytes() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(re.sub(r"\.(\d{6})\d*", r".\1", text))


def counted(world: World, run: str) -> tuple[int, int]:
    """Return how many actions of a run were executed, so billed, and how many calls they made."""
    file = world.home.database / "logic_apps" / "runs.db"
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        ((actions,),) = database.execute(
            "SELECT count(*) FROM action_records WHERE run = ? AND status <> 'Skipped'", (run,)
        )
        ((calls,),) = database.execute("SELECT count(*) FROM requests WHERE run = ?", (run,))
    return actions, calls


def from_start_to_publication(world: World) -> float:
    """Return the seconds from a run's start until its iteration is published, less the training itself.

    The world's clock must be the machine's. The other part of the way from upload to publication is the trigger's: at
    most one interval of polling.
    """
    made = _trained_before(world, "latency")
    parameters = {**made.parameters, "trainingPollSeconds": _DEFAULT_TRAINING_POLL_SECONDS}
    made.deploy(parameters)
    made.upload(merged([pictures("red", 50, 100_000), pictures("blue", 50, 100_000)]))
    run = _run(made, made.workflow)
    actions = world.arm.values(f"{made.workflow}/runs/{run}/actions", LOGIC, **{"$top": "250"})
    times = {action["name"]: action["properties"] for action in actions}
    iteration = made.project_api("GET", f"iterations/{made.published()['production']}")
    trained = _moment(iteration["trainedAt"]) - _moment(times["Start_training"]["endTime"])
    started = world.arm.get(f"{made.workflow}/runs/{run}", LOGIC)["properties"]["startTime"]
    return (_moment(times["Publish_the_target"]["endTime"]) - _moment(started) - trained).total_seconds()


def measures(costs: list[tuple[Cost, Cost]], seconds: float) -> list[Measure]:
    """Return the lines of the section."""
    lines = [
        Measure(
            f"{ours.images:,} new images, trained and published: billed actions",
            str(ours),
            f"one call an image: {theirs}",
            f"{ours.actions / theirs.actions:.2f}",
            {1_000: "2,100", 10_000: "21,000"}.get(ours.images, ""),
        )
        for ours, theirs in costs
    ]
    latency = Measure(
        "100 new images: from the start of the run until they are published, less the training itself",
        f"{seconds:.1f} s",
        f"looking at the training every {_DEFAULT_TRAINING_POLL_SECONDS} s",
        f"{seconds / _DEFAULT_TRAINING_POLL_SECONDS:.2f}",
        "15 s",
    )
    return [*lines, latency]


def _in_a_world(measure: Callable[[World], Any], clock: SystemClock | None = None) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder) / "home", clock)
        world.start()
        try:
            return measure(world)
        finally:
            world.arm.close()
            world.stop()


def main() -> None:
    """Measure and print."""
    parser = command("bench.retraining", __doc__)
    parser.add_argument("counts", nargs="*", type=int, default=list(_COUNTS), help="images, each measured")
    arguments = parser.parse_args()
    costs = _in_a_world(lambda world: [(retraining(world, n), one_call_an_image(world, n)) for n in arguments.counts])
    seconds = _in_a_world(from_start_to_publication, SystemClock())
    name = f"python -m bench.retraining {' '.join(map(str, arguments.counts))} --write"
    text = section(name, measures(costs, seconds))
    print(text)
    if arguments.write:
        write_section("retraining", text)


if __name__ == "__main__":
    main()
