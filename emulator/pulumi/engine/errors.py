"""How a deployment ends badly."""

from __future__ import annotations


class DeploymentError(Exception):
    """The deployment stopped; `urn` is the resource at fault, empty where it is none. State is saved, nothing lost."""

    def __init__(self, message: str, urn: str = "") -> None:
        super().__init__(f"{urn.rsplit('::', 1)[-1]}: {message}" if urn else message)
        self.message = message
        self.urn = urn


class OutcomeUnknownError(DeploymentError):
    """Whoever was asked to make a change was gone before it could answer; the change may have been made."""


class DeploymentCancelledError(DeploymentError):
    """The user stopped the deployment; the next one goes on from what was saved."""
