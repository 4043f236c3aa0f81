"""Microsoft.OperationalInsights: Log Analytics workspaces and their tables."""

from emulator.pulumi.azure_native.schema import GROUP, spec

API_VERSION = "2023-09-01"
WORKSPACE = f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/{{workspaceName}}"

SPECS = (
    spec(
        "operationalinsights:Workspace",
        API_VERSION,
        WORKSPACE,
        "workspaceName",
        required=("resourceGroupName",),
        properties=(
            "defaultDataCollectionRuleResourceId",
            "features",
            "forceCmkForQuery",
            "publicNetworkAccessForIngestion",
            "publicNetworkAccessForQuery",
            "retentionInDays",
            "sku",
            "workspaceCapping",
        ),
        envelope=("identity", "location", "tags"),
        outputs=("createdDate", "customerId", "modifiedDate", "privateLinkScopedResources", "provisioningState"),
        envelope_outputs=("name", "type", "etag", "systemData"),
        inherits_location=True,
    ),
    spec(
        "operationalinsights:Table",
        API_VERSION,
        f"{WORKSPACE}/tables/{{tableName}}",
        "tableName",
        required=("resourceGroupName", "workspaceName"),
        properties=("plan", "restoredLogs", "retentionInDays", "schema", "searchResults", "totalRetentionInDays"),
        outputs=(
            "archiveRetentionInDays",
            "lastPlanModifiedDate",
            "provisioningState",
            "resultStatistics",
            "retentionInDaysAsDefault",
            "totalRetentionInDaysAsDefault",
        ),
    ),
)
