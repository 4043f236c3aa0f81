"""Microsoft.Resources: resource groups, and any resource by its ARM type."""

from emulator.pulumi.azure_native.schema import GROUP, spec

SPECS = (
    spec(
        "resources:ResourceGroup",
        "2024-03-01",
        GROUP,
        "resourceGroupName",
        envelope=("location", "managedBy", "tags"),
        envelope_outputs=("name", "type", "properties"),
        replaces=("managedBy",),
    ),
    spec(
        "resources:Resource",
        "{apiVersion}",
        f"{GROUP}/providers/{{resourceProviderNamespace}}/{{parentResourcePath}}/{{resourceType}}/{{resourceName}}",
        "resourceName",
        required=(
            "apiVersion",
            "parentResourcePath",
            "resourceGroupName",
            "resourceProviderNamespace",
            "resourceType",
        ),
        envelope=(
            "extendedLocation",
            "identity",
            "kind",
            "location",
            "managedBy",
            "plan",
            "properties",
            "sku",
            "tags",
        ),
        envelope_outputs=("name", "type"),
        replaces=("extendedLocation", "kind", "plan"),
    ),
)
