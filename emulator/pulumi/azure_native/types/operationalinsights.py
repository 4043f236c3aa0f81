"""Microsoft.OperationalInsights: Log Analytics workspaces and their tables."""

from emulator.pulumi.azure_native.schema import GROUP, Added, spec

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
        added={
            ("features",): Added(("unifiedSentinelBillingOnly",)),
            ("sku",): Added(("lastSkuUpdate",), follows="name"),
            ("workspaceCapping",): Added(("dataIngestionStatus", "quotaNextResetTime"), follows="dailyQuotaGb"),
        },
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
        added={
            ("restoredLogs",): Added(("azureAsyncOperationId",)),
            ("schema",): Added(
                ("categories", "labels", "solutions", "source", "standardColumns", "tableSubType", "tableType")
            ),
            ("schema", "columns", "*"): Added(("isDefaultDisplay", "isHidden")),
            ("searchResults",): Added(("azureAsyncOperationId", "sourceTable")),
        },
    ),
)
