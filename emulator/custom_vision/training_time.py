"""How long a training takes on Azure, for emulators that are told to take that long (``--time-scale``)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from emulator.custom_vision.store.iterations import Iteration

_SHORTEST: Final = timedelta(minutes=3)
_AN_IMAGE: Final = timedelta(seconds=0.25)
"""An assumption: the service only says that Regular training takes "a few minutes", and more with more images.
https://learn.microsoft.com/azure/ai-services/custom-vision-service/getting-started-build-a-classifier#train-the-classifier
"""


def service_time(iteration: Iteration, images: int) -> timedelta:
    """Return the time that the service would take for a training of `images` images.

    Regular trainings take minutes, Advanced ones the whole budget of hours that was reserved for them.
    """
    if iteration.training_type == "Advanced":
        return timedelta(hours=iteration.budget)
    return _SHORTEST + images * _AN_IMAGE
