"""A Pulumi engine for machines without the CLI.

It speaks the engine's side of Pulumi's protocols: to the program (ResourceMonitor, Engine) and to the plugins
(ResourceProvider), which are the very processes that the real CLI would start. Program and plugins cannot tell.
"""

from emulator.pulumi.engine.deployment import Deployment, Summary
from emulator.pulumi.engine.errors import DeploymentCancelledError, DeploymentError
from emulator.pulumi.engine.events import (
    Diagnostic,
    Event,
    Operation,
    PropertyChange,
    StepFailed,
    StepFinished,
    StepStarted,
)

__all__ = [
    "Deployment",
    "DeploymentCancelledError",
    "DeploymentError",
    "Diagnostic",
    "Event",
    "Operation",
    "PropertyChange",
    "StepFailed",
    "StepFinished",
    "StepStarted",
    "Summary",
]
