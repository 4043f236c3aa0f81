"""Microsoft.ManagedIdentity: user-assigned identities."""

from emulator.pulumi.azure_native.schema import GROUP, spec

SPECS = (
    spec(
        "managedidentity:UserAssignedIdentity",
        "2023-01-31",
        f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{{resourceName}}",
        "resourceName",
        required=("resourceGroupName",),
        envelope=("location", "tags"),
        outputs=("clientId", "principalId", "tenantId"),
        inherits_location=True,
    ),
)
