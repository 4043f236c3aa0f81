"""Microsoft.CognitiveServices: accounts; azure-native leaves their `properties` as they are."""

from emulator.pulumi.azure_native.schema import GROUP, Added, spec

API_VERSION = "2025-06-01"
ACCOUNT = f"{GROUP}/providers/Microsoft.CognitiveServices/accounts/{{accountName}}"

SPECS = (
    spec(
        "cognitiveservices:Account",
        API_VERSION,
        ACCOUNT,
        "accountName",
        required=("resourceGroupName",),
        envelope=("identity", "kind", "location", "properties", "sku", "tags"),
        envelope_outputs=("name", "type", "etag", "systemData"),
        # The subdomain of an account can be set once and never changed
        # (https://learn.microsoft.com/azure/ai-services/cognitive-services-custom-subdomains).
        replaces=("kind", "properties.customSubDomainName"),
        added={
            ("properties",): Added(
                (
                    "abusePenalty",
                    "callRateLimit",
                    "capabilities",
                    "commitmentPlanAssociations",
                    "dateCreated",
                    "deletionDate",
                    "endpoint",
                    "endpoints",
                    "internalId",
                    "isMigrated",
                    "privateEndpointConnections",
                    "provisioningState",
                    "quotaLimit",
                    "scheduledPurgeDate",
                    "skuChangeInfo",
                )
            )
        },
        inherits_location=True,
    ),
)
