"""What is chosen at each start of the emulator, and not kept in its home."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from emulator.custom_vision.limit_settings import smaller_tiers
from emulator.custom_vision.limits import TierLimits
from emulator.home import SERVICES

ALWAYS_SERVED: Final = "arm"
"""Every other service's resources are made there."""


MAXIMUM_ROLE_DELAY_SECONDS: Final = 1800
"""Azure says up to 10 minutes (https://learn.microsoft.com/azure/role-based-access-control/troubleshooting, "Symptom -
Role assignment changes are not being detected"), and up to 30 for data collection rules ("Tutorial: Send data to Azure
Monitor using Logs ingestion API", learn.microsoft.com)."""


class ServerOptionsError(ValueError):
    """An option is not one; the message has its name, its value and what is allowed."""


@dataclass(frozen=True)
class ServerOptions:
    """Options of one start.

    Attributes:
        only: the services to serve besides Azure Resource Manager; empty for all.
        time_scale: the share of Azure's time that a training takes at least, 0 for no longer than it has to.
        limits: Custom Vision limits made smaller, as ``TIER.NAME=NUMBER``.
        role_delay: seconds after which a role assignment counts, 0 for at once.
    """

    only: Sequence[str] = ()
    time_scale: float = 0
    limits: Sequence[str] = ()
    role_delay: float = 0

    def __post_init__(self) -> None:
        """Check them.

        Raises:
            ServerOptionsError: a service is not known, the time scale or the delay of roles is out of its range.
            LimitError: a limit is not one.
        """
        for name in self.only:
            if name not in SERVICES:
                raise ServerOptionsError(f"--only '{name}': there is no such service; allowed: {', '.join(SERVICES)}")
        if not 0 <= self.time_scale <= 1:
            raise ServerOptionsError(f"--time-scale {self.time_scale}: allowed: 0 to 1")
        if not 0 <= self.role_delay <= MAXIMUM_ROLE_DELAY_SECONDS:
            raise ServerOptionsError(
                f"--role-delay {self.role_delay:g}: allowed: 0 to {MAXIMUM_ROLE_DELAY_SECONDS} seconds"
            )
        smaller_tiers(self.limits)

    @property
    def services(self) -> list[str]:
        """The names of the services to serve."""
        chosen = {ALWAYS_SERVED, *(self.only or SERVICES)}
        return [name for name in SERVICES if name in chosen]

    @property
    def tiers(self) -> Mapping[str, TierLimits]:
        """The limits of Custom Vision's pricing tiers."""
        return smaller_tiers(self.limits)

    def arguments(self) -> list[str]:
        """Return the options of the command ``serve`` that mean the same; none where nothing was chosen."""
        return [
            *(part for name in self.only for part in ("--only", name)),
            *(("--time-scale", str(self.time_scale)) if self.time_scale else ()),
            *(part for limit in self.limits for part in ("--limit", limit)),
            *(("--role-delay", str(self.role_delay)) if self.role_delay else ()),
        ]
