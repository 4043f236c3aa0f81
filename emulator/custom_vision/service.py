"""Custom Vision as a service of the emulator."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import httpx
from starlette.types import ASGIApp

from emulator.arm.provider import ResourceProvider
from emulator.clock import Clock
from emulator.custom_vision.account_deletion import AccountDeletion
from emulator.custom_vision.backend import Backend
from emulator.custom_vision.classification import Classification
from emulator.custom_vision.download import Downloader
from emulator.custom_vision.gateway import Gateway
from emulator.custom_vision.limits import PREDICTION_DAYS, TIERS, TierLimits
from emulator.custom_vision.resource_provider import AccountProvider
from emulator.custom_vision.routes.training import TRAINING_MINUTES
from emulator.custom_vision.signed_urls import SignedUrls
from emulator.custom_vision.store.accounts import Accounts
from emulator.custom_vision.store.database import Database
from emulator.custom_vision.store.deleted_accounts import DeletedAccounts
from emulator.custom_vision.store.exports import Exports
from emulator.custom_vision.store.files import Files
from emulator.custom_vision.store.images import Images
from emulator.custom_vision.store.iterations import Iteration, Iterations
from emulator.custom_vision.store.predictions import Predictions
from emulator.custom_vision.store.projects import Projects
from emulator.custom_vision.store.regions import Regions
from emulator.custom_vision.store.suggestions import Suggestions
from emulator.custom_vision.store.tags import Tags
from emulator.custom_vision.trainer import Trainer
from emulator.home import write_private
from emulator.telemetry import MetricSink


class CustomVision:
    """Training and prediction API, and their accounts.

    Args:
        folder: where accounts, images and models are kept; only its owner can read it.
        base_url: address of the listener, without a trailing slash.
        clock: tells the time.
        metrics: takes what Azure Monitor would count.
        tiers: limits by pricing tier; tests make them smaller.
        time_scale: the share of the service's time that a training takes at least.
        transport: how images are fetched by URL; by default over the network.
    """

    def __init__(
        self,
        folder: Path,
        base_url: str,
        clock: Clock,
        metrics: MetricSink,
        tiers: Mapping[str, TierLimits] = TIERS,
        transport: httpx.AsyncBaseTransport | None = None,
        time_scale: float = 0,
    ) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        database = Database(folder / "custom_vision.sqlite")
        files = Files(folder / "projects")
        iterations = Iterations(database)
        accounts = Accounts(database)
        self._backend = Backend(
            database=database,
            accounts=accounts,
            projects=Projects(database),
            tags=Tags(database),
            images=Images(database),
            iterations=iterations,
            predictions=Predictions(database),
            exports=Exports(database),
            suggestions=Suggestions(database),
            regions=Regions(database),
            files=files,
            urls=SignedUrls(base_url, _signing_key(folder)),
            downloader=Downloader(transport),
            classification=Classification(iterations, files),
            trainer=Trainer(iterations, files, clock, self._trained, time_scale),
            clock=clock,
            metrics=metrics,
            tiers=tiers,
        )
        self._gateway = Gateway(self._backend)
        self._deletion = AccountDeletion(accounts, DeletedAccounts(database), clock, self._remove_projects)
        self._provider = AccountProvider(accounts, self._deletion, base_url, clock)

    @property
    def providers(self) -> Sequence[ResourceProvider]:
        """The accounts on Azure Resource Manager."""
        return (self._provider,)

    @property
    def app(self) -> ASGIApp:
        """The data plane of every account."""
        return self._gateway.app

    async def start(self) -> None:
        """Take up interrupted trainings, and drop what is too old or was left by a deletion that was cut off."""
        backend = self._backend
        self._deletion.purge_expired()
        backend.files.discard_drafts()
        for project in backend.files.projects():
            if backend.projects.find(project) is None:
                backend.files.delete_project(project)
        for project, id in backend.predictions.older_than(backend.clock.now() - timedelta(days=PREDICTION_DAYS)):
            backend.files.delete(project, "predictions", backend.predictions.delete(project, [id]))
        backend.trainer.start()

    async def stop(self) -> None:
        """End the training process and close the database; requests that still come are refused."""
        self._gateway.stop()
        await self._backend.trainer.stop()
        await self._backend.downloader.close()
        self._backend.database.close()

    def _trained(self, iteration: Iteration, seconds: float) -> None:
        project = self._backend.projects.find(iteration.project)
        account = None if project is None else self._backend.accounts.get(project.account)
        completed = self._backend.iterations.find(iteration.id)
        if account is None or completed is None:
            return
        self._backend.accounts.use(account.key, TRAINING_MINUTES, completed.minutes, self._backend.clock.now())
        self._backend.metrics.record(account.id, "CustomVisionTrainingTime", seconds)

    def _remove_projects(self, account_key: str) -> None:
        for project in self._backend.projects.of_account(account_key):
            self._backend.projects.delete(project.id)
            self._backend.files.delete_project(project.id)


def _signing_key(folder: Path) -> str:
    """Return the key of signed addresses, made at the first start."""
    path = folder / "signing_key"
    if not path.exists():
        write_private(path, secrets.token_urlsafe(48))
    return path.read_text(encoding="utf-8")
