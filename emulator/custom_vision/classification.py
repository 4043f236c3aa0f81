"""Asks the models of iterations: what is the probability of each tag for an image?"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

import numpy as np

from emulator.custom_vision.image_files import pixels
from emulator.custom_vision.model.inference import Network
from emulator.custom_vision.store.files import Files
from emulator.custom_vision.store.iterations import Iteration, Iterations
from emulator.custom_vision.store.predictions import TagProbability
from emulator.custom_vision.trainer import model_name

_MODELS_IN_MEMORY: Final = 8


class Classification:
    """Holds the models that were asked last in memory."""

    def __init__(self, iterations: Iterations, files: Files) -> None:
        self._iterations = iterations
        self._files = files
        self._models: OrderedDict[str, tuple[Network, list[TagProbability]]] = OrderedDict()

    async def classify(self, iteration: Iteration, image: bytes) -> list[TagProbability]:
        """Return the probability of each tag for an image that was found to be one."""
        network, tags = self._model(iteration)
        values = await asyncio.to_thread(_run, network, image)
        return [TagProbability(value, tag.tag, tag.name, tag.type) for value, tag in zip(values, tags, strict=True)]

    def _model(self, iteration: Iteration) -> tuple[Network, list[TagProbability]]:
        if iteration.id in self._models:
            self._models.move_to_end(iteration.id)
            return self._models[iteration.id]
        tags = [TagProbability(0, tag.id, tag.name, tag.type) for tag in self._iterations.tags(iteration.id)]
        network = Network(self._files.path(iteration.project, "models", model_name(iteration.id)))
        self._models[iteration.id] = network, tags
        if len(self._models) > _MODELS_IN_MEMORY:
            self._models.popitem(last=False)
        return network, tags


def _run(network: Network, image: bytes) -> list[float]:
    return [float(value) for value in network.run(np.stack([pixels(image)]))[0]]


def uncertainty(probabilities: Sequence[TagProbability]) -> float:
    """Return how unsure the model is, from 0 (one tag is certain) to 1: one less the greatest probability."""
    return 1 - max((each.probability for each in probabilities), default=0.0)
