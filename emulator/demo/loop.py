"""The loop that the demo shows, step by step."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.markup import escape

from emulator import process
from emulator.demo.images import (
    BadUpload,
    LabelledImage,
    Rounds,
    read_folder,
    split,
    write_bad_uploads,
    write_digits,
    write_wrong_labels,
)
from emulator.demo.narration import Narration
from emulator.demo.report import RollbackReport, RoundReport, print_artifacts, print_table
from emulator.demo.retraining import FinishedAction, RetrainingError, RetrainingStack, Upload
from emulator.deployment_view import DeploymentView, summary_line
from emulator.home import Home, HomeError
from emulator.pulumi.engine import Deployment
from emulator.resource_manager import ResourceManager

STACK = "local"

_MINIMUM_PER_LABEL = 5
"""Custom Vision's minimum of images a tag for classification (limits-and-quotas of Azure AI Custom Vision)."""

_DEPLOYED_MINIMUM = 15
"""What the recipe asks for a tag, and what the program has by default."""

_JUDGED = 50
"""Held-out images that the gate asks both models for: 100 calls, at the 10 a second that the service takes."""


@dataclass(frozen=True)
class Size:
    """Images of each label: uploaded in the first round, in the second, and kept out of both."""

    first: int = 8
    second: int = 60
    held_out: int = 10


def run_demo(home: Home, project: Path, images: Path | None, size: Size, narration: Narration) -> bool:
    """Run the whole loop; tell whether each round came out as it has to.

    Rounds 1 and 2 publish, the gate holds round 3, which is labelled wrongly, and round 4 takes round 1's model back.

    `home` is the demo's own folder: what an earlier demo left in it is removed first. The emulator is left running;
    whoever calls decides.

    Raises:
        HomeError: the folder holds something else than an emulator.
        ImagesError: the images cannot be used.
        RetrainingError: the loop broke; the message says where to look.
    """
    own = None if images is None else read_folder(images)
    _begin_anew(home)
    narration.step("Images")
    rounds, bad, wrong = _prepare(home.root / "images", own, size)
    labels = len({image.label for image in rounds.first})
    narration.tell(
        f"{len(rounds.first)} for round 1, {len(rounds.second)} and {len(bad)} bad ones for round 2, "
        f"{len(wrong)} with a wrong label for round 3, {len(rounds.held_out)} held out; {labels} labels"
    )
    narration.step("Emulator")
    process.start(home)
    with ResourceManager(home) as resource_manager:
        for service, port in resource_manager.configuration.ports.items():
            narration.tell(f"{service:<14} http://127.0.0.1:{port}")
        narration.step(f"Program: pulumi up of the stack {STACK}")
        minimum = min(_DEPLOYED_MINIMUM, rounds.first_per_label)
        deployment = Deployment(
            home,
            project,
            STACK,
            overrides={
                **resource_manager.configuration.stack_settings(),
                "minimumImagesPerTag": str(minimum),
                # The demo lets the trigger look when a round's upload is complete, so that a round is one run.
                "pollIntervalSeconds": "86400",
                "evaluationImagesPerRun": str(_JUDGED),
                # Few images are held out here: too few a tag for a floor of its own, and one of them is a large share.
                "gateTagFloor": "0",
                "gateTolerance": "0.05",
                "manualCallers": '["127.0.0.1/32"]',
            },
            listener=DeploymentView(narration.tell),
        )
        narration.tell(summary_line(deployment.up()))
        outputs = deployment.outputs(show_secrets=True)
        stack = RetrainingStack(resource_manager, outputs)
        narration.step("Images to judge by")
        with narration.progress("uploaded to evaluation-images", len(rounds.held_out)) as done:
            stack.hold_out(_uploads(rounds.held_out), done)
        reports = [
            _round(narration, stack, 1, _uploads(rounds.first), [], rounds.held_out),
            _round(narration, stack, 2, _uploads(rounds.second), bad, rounds.held_out),
            _round(narration, stack, 3, _uploads(wrong), [], rounds.held_out),
        ]
        rollback = _rollback(narration, stack, rounds.held_out)
        print_table(narration.console, reports, rollback)
        print_artifacts(narration.console, outputs, resource_manager.configuration.url("portal"), reports)
        return _as_it_has_to_be(narration, reports, rollback)


def _begin_anew(home: Home) -> None:
    """Remove what an earlier demo left; nothing but an emulator's folder is ever removed."""
    process.stop(home)
    if home.root.exists() and any(home.root.iterdir()):
        try:
            home.load()
        except HomeError as error:
            raise HomeError(f"{home.root} is not empty and not an emulator's folder; choose another --home") from error
        shutil.rmtree(home.root)
    home.create()


def _prepare(
    folder: Path, own: Sequence[LabelledImage] | None, size: Size
) -> tuple[Rounds, list[BadUpload], list[LabelledImage]]:
    found = write_digits(folder / "digits") if own is None else own
    rounds = split(found, _MINIMUM_PER_LABEL, size.first, size.second, size.held_out)
    wrong = write_wrong_labels(folder / "wrong", [*rounds.first, *rounds.second])
    return rounds, write_bad_uploads(folder / "bad", rounds.first[0].label), wrong


def _uploads(images: Sequence[LabelledImage]) -> list[Upload]:
    return [Upload(f"{image.label}/{image.path.name}", image.path) for image in images]


def _round(
    narration: Narration,
    stack: RetrainingStack,
    number: int,
    uploads: list[Upload],
    bad: Sequence[BadUpload],
    held_out: Sequence[LabelledImage],
) -> RoundReport:
    narration.step(f"Round {number}")
    everything = [*uploads, *(Upload(upload.name, upload.path) for upload in bad)]
    with narration.progress("uploaded to training-images", len(everything)) as done:
        stack.upload(everything, done)
    run = stack.run()
    narration.tell(f"run {run} of {stack.logic_app_id.rsplit('/', 1)[-1]}")
    with narration.working() as show:
        for action in stack.follow(run, show):
            _tell(narration, action)
    manifest = stack.manifest(run)
    narration.tell(f"the run is {escape(stack.status(run))}: [bold]{manifest['decision']}[/], {manifest['reason']}")
    for name, reason in sorted(stack.rejected(run).items()):
        narration.tell(f"rejected {escape(name)}: {reason}")
    judgement = None
    if stack.production() is not None:
        with narration.progress("held-out images predicted", len(held_out)) as done:
            judgement = stack.judge(held_out, done)
        narration.tell(f"{judgement.right} of {judgement.asked} held-out images right")
    return RoundReport(number, len(everything), run, manifest, judgement)


def _tell(narration: Narration, action: FinishedAction) -> None:
    colour = "green" if action.status == "Succeeded" else "yellow"
    times = f" x {action.repetitions}" if action.repetitions else ""
    code = f" ({action.code})" if action.code and action.status != "Succeeded" else ""
    narration.tell(f"  [{colour}]{action.status:<9}[/] {action.name}{times}{code} [dim]{action.seconds:.2f}s[/]")


def _rollback(narration: Narration, stack: RetrainingStack, held_out: Sequence[LabelledImage]) -> RollbackReport:
    narration.step("Round 4: rollback")
    answer = stack.roll_back("the demo", "to show the way back")
    narration.tell(f"run {answer['run']}: [bold]{answer['decision']}[/], {answer['reason']}")
    with narration.progress("held-out images predicted", len(held_out)) as done:
        judgement = stack.judge(held_out, done)
    narration.tell(f"{judgement.right} of {judgement.asked} held-out images right")
    return RollbackReport(4, answer, judgement)


def _as_it_has_to_be(narration: Narration, reports: Sequence[RoundReport], rollback: RollbackReport) -> bool:
    decisions = [report.manifest["decision"] for report in reports]
    if decisions != ["published", "published", "rejected"]:
        narration.tell(f"[bold red]not what a loop has to do[/]: {', '.join(decisions)}")
        return False
    answered = [None if report.judgement is None else report.judgement.iteration for report in (*reports, rollback)]
    trained = [report.manifest["iteration"]["id"] for report in reports]
    if answered != [trained[0], trained[1], trained[1], trained[0]]:
        raise RetrainingError(
            f"rounds 1 to 3 trained {', '.join(trained)}, but after rounds 1 to 4 there answered "
            f"{', '.join(map(str, answered))}"
        )
    return True
