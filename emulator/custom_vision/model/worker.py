"""The process that trains: ``python -m emulator.custom_vision.model.worker JOB``.

Its standard input is a pipe that nobody writes to: when it closes, the service is gone, killed even, and so this
process ends too.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import numpy as np

from emulator.custom_vision.model.evaluation import Evaluation
from emulator.custom_vision.model.job import Job, write_evaluation
from emulator.custom_vision.model.network import classifying_network
from emulator.custom_vision.model.training import image_features, train

_ABANDONED = 75


def run(job: Job) -> None:
    """Train, then write the evaluation and, last, the model: a model that is there is complete."""
    truth = np.zeros((len(job.images), len(job.tags)), np.bool_)
    for row, columns in enumerate(job.labels):
        truth[row, columns] = True
    outcome = train(image_features([Path(image) for image in job.images]), truth, job.exclusive)
    write_evaluation(Evaluation(outcome.held_out, truth, outcome.folds), Path(job.evaluation))
    model = Path(job.model)
    draft = model.with_name(f"{model.name}.part")
    draft.write_bytes(classifying_network(outcome.classifier, job.tags).SerializeToString())
    os.replace(draft, model)


def _end_with_the_service() -> None:
    sys.stdin.buffer.read()
    os._exit(_ABANDONED)


if __name__ == "__main__":
    threading.Thread(target=_end_with_the_service, daemon=True).start()
    run(Job.read(Path(sys.argv[1])))
    # The thread still reads: an ordinary end of the interpreter would wait for its lock on standard input.
    sys.stdout.flush()
    os._exit(0)
