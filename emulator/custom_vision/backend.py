"""What the operations work with, and the look-ups that many of them begin with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from emulator.clock import Clock
from emulator.custom_vision.call import Call
from emulator.custom_vision.classification import Classification
from emulator.custom_vision.download import Downloader
from emulator.custom_vision.errors import not_found
from emulator.custom_vision.limits import TierLimits
from emulator.custom_vision.signed_urls import SignedUrls
from emulator.custom_vision.store.accounts import Account, Accounts
from emulator.custom_vision.store.database import Database
from emulator.custom_vision.store.exports import Exports
from emulator.custom_vision.store.files import Files
from emulator.custom_vision.store.images import Images
from emulator.custom_vision.store.iterations import Iteration, Iterations
from emulator.custom_vision.store.predictions import Predictions
from emulator.custom_vision.store.projects import Project, Projects
from emulator.custom_vision.store.regions import Regions
from emulator.custom_vision.store.suggestions import Suggestions
from emulator.custom_vision.store.tags import Tag, Tags
from emulator.custom_vision.trainer import Trainer
from emulator.telemetry import MetricSink


@dataclass(frozen=True)
class Backend:
    """Stores, model and clock of one service; `tiers` are the limits by pricing tier."""

    database: Database
    accounts: Accounts
    projects: Projects
    tags: Tags
    images: Images
    iterations: Iterations
    predictions: Predictions
    exports: Exports
    suggestions: Suggestions
    regions: Regions
    files: Files
    urls: SignedUrls
    downloader: Downloader
    classification: Classification
    trainer: Trainer
    clock: Clock
    metrics: MetricSink
    tiers: Mapping[str, TierLimits]

    def limits(self, account: Account) -> TierLimits:
        """Return what the account's tier allows."""
        return self.tiers[account.tier]

    def project(self, call: Call) -> Project:
        """Return the project of the call's address.

        Raises:
            CustomVisionError: 404 NotFoundProject; also for a project of another account.
        """
        id = call.id_of("projectId")
        project = self.projects.get(call.account.key, id)
        if project is None:
            raise not_found("Project", id)
        return project

    def iteration(self, project: Project, id: str) -> Iteration:
        """Return an iteration of the project, or raise 404 NotFoundIteration."""
        iteration = self.iterations.get(project.id, id)
        if iteration is None:
            raise not_found("Iteration", id)
        return iteration

    def tag(self, project: Project, id: str) -> Tag:
        """Return a tag of the project's workspace, or raise 404 NotFoundTag."""
        tag = self.tags.get(project.id, id)
        if tag is None:
            raise not_found("Tag", id)
        return tag

    def count_images(self, account: Account) -> None:
        """Report how many images the account holds."""
        self.metrics.record(account.id, "ImagesStored", self.images.stored(account.key))
