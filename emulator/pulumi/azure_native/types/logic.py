"""Microsoft.Logic: Consumption workflows."""

from emulator.pulumi.azure_native.schema import GROUP, Added, spec

API_VERSION = "2019-05-01"
WORKFLOW = f"{GROUP}/providers/Microsoft.Logic/workflows/{{workflowName}}"

SPECS = (
    spec(
        "logic:Workflow",
        API_VERSION,
        WORKFLOW,
        "workflowName",
        required=("resourceGroupName",),
        properties=(
            "accessControl",
            "definition",
            "endpointsConfiguration",
            "integrationAccount",
            "integrationServiceEnvironment",
            "parameters",
            "state",
        ),
        envelope=("identity", "location", "tags"),
        outputs=("accessEndpoint", "changedTime", "createdTime", "provisioningState", "sku", "version"),
        envelope_outputs=("name", "type"),
        added={
            ("integrationAccount",): Added(("name", "type"), follows="id"),
            ("integrationServiceEnvironment",): Added(("name", "type"), follows="id"),
        },
        inherits_location=True,
    ),
)
