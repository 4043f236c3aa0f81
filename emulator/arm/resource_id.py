"""ARM resource ids: parsing and walking. Ids compare without regard to case, as in Azure Resource Manager."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.arm.errors import ArmError


@dataclass(frozen=True)
class ResourceId:
    """The id of a resource, a resource group or a subscription.

    `prefix` is what the provider part hangs on: a subscription, a resource group or, for an extension resource
    such as a role assignment, the id of the resource it extends. `namespace` is empty for a subscription or group.
    `segments` are the (type, name) pairs below the namespace.
    """

    prefix: str
    namespace: str
    segments: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, text: str) -> ResourceId:
        """Return the parsed id.

        Raises:
            ArmError: 400 InvalidResourceId; the message shows the text.
        """
        path = "/" + text.strip("/")
        head, marker, tail = _split_last_provider(path)
        if not marker:
            if not _is_container(path):
                raise _invalid(text)
            return cls(path, "", ())
        parts = tail.split("/")
        if len(parts) < 3 or len(parts) % 2 == 0 or not all(parts):
            raise _invalid(text)
        if head and not _is_container(head):
            try:
                cls.parse(head)
            except ArmError as error:
                raise _invalid(text) from error
        pairs = tuple(zip(parts[1::2], parts[2::2], strict=True))
        return cls(head, parts[0], pairs)

    @property
    def type(self) -> str:
        """E.g. ``Microsoft.Storage/storageAccounts/blobServices``."""
        if not self.namespace:
            group = len(self.prefix.split("/")) > 3
            return "Microsoft.Resources/resourceGroups" if group else "Microsoft.Resources/subscriptions"
        return "/".join([self.namespace, *(kind for kind, _ in self.segments)])

    @property
    def names(self) -> tuple[str, ...]:
        """The names, outermost first."""
        return tuple(name for _, name in self.segments)

    @property
    def name(self) -> str:
        """The resource's own name."""
        return self.segments[-1][1] if self.segments else self.prefix.rsplit("/", 1)[-1]

    @property
    def subscription_id(self) -> str | None:
        """The subscription's GUID, or None for a tenant-level id."""
        parts = str(self).split("/")
        return parts[2] if len(parts) > 2 and parts[1].lower() == "subscriptions" else None

    @property
    def resource_group(self) -> str | None:
        """The resource group's name, or None above groups."""
        parts = str(self).split("/")
        return parts[4] if len(parts) > 4 and parts[3].lower() == "resourcegroups" else None

    @property
    def parent(self) -> ResourceId | None:
        """The resource this one is nested in or extends, else its group or subscription, None for a subscription."""
        if len(self.segments) > 1:
            return ResourceId(self.prefix, self.namespace, self.segments[:-1])
        if self.namespace:
            return ResourceId.parse(self.prefix) if self.prefix else None
        above = self.prefix.rsplit("/", 2)[0]
        return ResourceId(above, "", ()) if above else None

    @property
    def key(self) -> str:
        """The form to compare and look up by."""
        return str(self).lower()

    def child(self, kind: str, name: str) -> ResourceId:
        """Return the id of the resource `name` of type `kind` nested in this one."""
        return ResourceId(self.prefix, self.namespace, (*self.segments, (kind, name)))

    def contains(self, other: ResourceId) -> bool:
        """Tell whether `other` is this resource or lies below it."""
        return other.key == self.key or other.key.startswith(self.key + "/")

    def __str__(self) -> str:
        """Return the id as text, in the spelling it was given in."""
        if not self.namespace:
            return self.prefix
        pairs = "/".join(f"{kind}/{name}" for kind, name in self.segments)
        return f"{self.prefix}/providers/{self.namespace}/{pairs}"


def _split_last_provider(path: str) -> tuple[str, str, str]:
    index = path.lower().rfind("/providers/")
    if index < 0:
        return path, "", ""
    return path[:index], "/providers/", path[index + len("/providers/") :]


def _is_container(path: str) -> bool:
    parts = path.split("/")[1:]
    if not all(parts) or len(parts) not in (2, 4) or parts[0].lower() != "subscriptions":
        return False
    return len(parts) == 2 or parts[2].lower() == "resourcegroups"


def _invalid(text: str) -> ArmError:
    return ArmError(
        400,
        "InvalidResourceId",
        f"{text!r} is not a resource id: /subscriptions/S[/resourceGroups/G][/providers/NAMESPACE/TYPE/NAME...]",
    )
