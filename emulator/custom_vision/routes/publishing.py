"""Publishing iterations to prediction accounts, and exporting them."""

from __future__ import annotations

from typing import Final

from emulator.arm.errors import ArmError
from emulator.arm.resource_id import ResourceId
from emulator.custom_vision.backend import Backend
from emulator.custom_vision.call import NO_CONTENT, Call, Reply
from emulator.custom_vision.domains import DOMAINS, EXPORT_PLATFORMS
from emulator.custom_vision.errors import bad_request
from emulator.custom_vision.model.package import onnx_package
from emulator.custom_vision.routes.performance import completed_iteration
from emulator.custom_vision.store.accounts import Account
from emulator.custom_vision.store.exports import Export
from emulator.custom_vision.store.iterations import Iteration
from emulator.custom_vision.trainer import model_name
from emulator.custom_vision.wire import export_json

_FLAVORS: Final = ("Linux", "Windows", "ONNX10", "ONNX12", "ARM", "TensorFlowNormal", "TensorFlowLite")
_ONNX_FLAVORS: Final = ("ONNX10", "ONNX12")


async def publish_iteration(backend: Backend, call: Call) -> Reply:
    """PublishIteration: gives it a name at a prediction account; ``overwrite`` takes the name from another one."""
    name = call.query.required("publishName", "BadRequestInvalidPublishName")
    target = call.query.required("predictionId", "BadRequestInvalidPublishTarget")
    overwrite = call.query.boolean("overwrite", False)
    iteration = completed_iteration(backend, call)
    if iteration.publish_name is not None:
        raise bad_request(
            "BadRequestIterationIsPublished", f"Iteration is already published as: {iteration.publish_name}"
        )
    account = _prediction_account(backend, call.account, target)
    holder = backend.iterations.published(iteration.project, name)
    if holder is not None and not overwrite:
        raise bad_request(
            "BadRequestInvalidPublishName",
            f"The publish name '{name}' is that of {holder.name} ({holder.id}); 'overwrite=true' moves it.",
        )
    _check_published(backend, call.account, iteration, 0 if holder is None else 1)
    backend.iterations.publish(iteration.id, name, account.id, backend.clock.now())
    return Reply(True)


async def unpublish_iteration(backend: Backend, call: Call) -> Reply:
    """UnpublishIteration."""
    iteration = backend.iteration(backend.project(call), call.id_of("iterationId"))
    if iteration.publish_name is None:
        raise bad_request("BadRequestIterationNotPublished", f"Iteration {iteration.id} is not published.")
    backend.iterations.unpublish(iteration.id, backend.clock.now())
    return NO_CONTENT


async def export_iteration(backend: Backend, call: Call) -> Reply:
    """ExportIteration: of a compact domain, as ONNX."""
    call.query.required("platform", "BadRequestExportValidationFailed")
    platform = call.query.choice("platform", EXPORT_PLATFORMS, "ONNX", "BadRequestExportValidationFailed")
    flavor = call.query.choice("flavor", _FLAVORS, "ONNX12", "BadRequestExportValidationFailed")
    iteration = completed_iteration(backend, call)
    domain = DOMAINS[iteration.domain_id]
    if not domain.exportable:
        raise bad_request(
            "BadRequestExportValidationFailed", f"Iterations of the domain {domain.name} cannot be exported."
        )
    if platform != "ONNX":
        raise bad_request(
            "BadRequestNotSupported",
            f"'platform' is '{platform}'; this emulator exports ONNX only, its models are ONNX networks.",
        )
    if flavor not in _ONNX_FLAVORS:
        raise bad_request(
            "BadRequestExportValidationFailed", f"'flavor' is '{flavor}'; allowed for ONNX: {', '.join(_ONNX_FLAVORS)}."
        )
    export = Export(platform, flavor)
    if export in backend.exports.of_iteration(iteration.id):
        raise bad_request("BadRequestExportAlreadyInProgress", f"{iteration.id} is already queued for export")
    model = backend.files.read(iteration.project, "models", model_name(iteration.id))
    tags = [tag.name for tag in backend.iterations.tags(iteration.id)]
    package = onnx_package(model, tags, iteration.id, flavor, backend.clock.now())
    backend.files.write(iteration.project, "exports", export.file_name(iteration.id), package)
    backend.exports.create(iteration.id, export)
    return Reply(export_json(export, None))


async def get_exports(backend: Backend, call: Call) -> Reply:
    """GetExports."""
    iteration = backend.iteration(backend.project(call), call.id_of("iterationId"))
    exports = backend.exports.of_iteration(iteration.id)
    return Reply([export_json(export, _download(backend, iteration, export)) for export in exports])


def _download(backend: Backend, iteration: Iteration, export: Export) -> str:
    return backend.urls.url(iteration.project, "exports", export.file_name(iteration.id), backend.clock.now())


def _check_published(backend: Backend, account: Account, iteration: Iteration, given_up: int) -> None:
    most = backend.limits(account).published_iterations_per_project
    published = [each for each in backend.iterations.of_project(iteration.project) if each.publish_name is not None]
    if most is not None and len(published) - given_up >= most:
        raise bad_request(
            "BadRequestExceededQuota",
            f"The project has {len(published)} published iterations, as many as it may have; unpublish one first.",
        )


def _prediction_account(backend: Backend, training: Account, target: str) -> Account:
    """Return the account that ``predictionId`` names.

    Raises:
        CustomVisionError: 400 BadRequestInvalidPublishTarget.
    """
    expected = (
        "allowed: the whole resource id of an existing account of kind CustomVision.Prediction in the subscription of "
        "the training account"
    )
    try:
        id = ResourceId.parse(target)
    except ArmError as error:
        raise bad_request("BadRequestInvalidPublishTarget", f"'predictionId' is '{target}'; {expected}.") from error
    account = backend.accounts.get(str(id))
    if account is None or account.kind != "CustomVision.Prediction":
        raise bad_request("BadRequestInvalidPublishTarget", f"'predictionId' is '{target}'; {expected}.")
    if id.subscription_id != ResourceId.parse(training.id).subscription_id:
        raise bad_request("BadRequestInvalidPublishTarget", f"'predictionId' is '{target}'; {expected}.")
    return account
