"""Microsoft.Insights: workbooks."""

from emulator.pulumi.azure_native.schema import GROUP, spec

SPECS = (
    spec(
        "applicationinsights:Workbook",
        "2023-06-01",
        f"{GROUP}/providers/Microsoft.Insights/workbooks/{{resourceName}}",
        "resourceName",
        required=("category", "displayName", "resourceGroupName", "serializedData"),
        properties=("category", "description", "displayName", "serializedData", "sourceId", "storageUri", "version"),
        envelope=("identity", "kind", "location", "tags"),
        outputs=("revision", "timeModified", "userId"),
        envelope_outputs=("name", "type", "etag", "systemData"),
        replaces=("kind", "sourceId", "storageUri"),
        auto_name="uuid",
        inherits_location=True,
    ),
)
