"""The Pulumi program: a Custom Vision model that retrains itself."""

import pulumi
import pulumi_random as random
from pulumi_azure_native import resources

from components import deleted_accounts, existing, naming, settings
from components.data import DataLayer, DataLayerArgs
from components.ml import MLLayer, MLLayerArgs
from components.monitoring import MonitoringLayer, MonitoringLayerArgs
from components.naming import DeploymentName
from components.orchestration import OrchestrationLayer, OrchestrationLayerArgs
from components.outputs import stack_outputs

project, stack = pulumi.get_project(), pulumi.get_stack()
config = settings.load()
tags = config.tags(project, stack)
found = existing.find(config)
# Protection has Pulumi refuse. Should somebody take it off the state, retention has Azure keep what is deleted there.
kept = pulumi.ResourceOptions(protect=config.protect_data)

# Another region or group means other resources everywhere, and their names must be free while the old ones still exist.
placed = {"location": config.location}
if config.existing_resource_group:
    placed["resourceGroup"] = config.existing_resource_group
suffix = random.RandomString(
    "suffix",
    length=naming.SUFFIX_LENGTH,
    upper=False,
    special=False,
    keepers=placed,
    opts=kept,
)
deployment = deleted_accounts.checked(
    suffix.result.apply(lambda result: DeploymentName(project, stack, result)), config
)

group = found.resource_group
if group is None:
    made = resources.ResourceGroup(
        "resource-group",
        resource_group_name=deployment.apply(naming.resource_group),
        location=config.location,
        tags=tags,
        opts=pulumi.ResourceOptions(protect=config.protect_data, retain_on_delete=config.retains_accounts),
    )
    group = existing.ResourceGroup(made.name, made.id)
data = DataLayer("data", DataLayerArgs(group.name, deployment, config, tags), opts=kept)
ml = MLLayer("ml", MLLayerArgs(group.name, deployment, config, tags), opts=kept)
monitoring = MonitoringLayer(
    "monitoring", MonitoringLayerArgs(group.name, deployment, config, data, ml, tags, found.workspace)
)
orchestration = OrchestrationLayer(
    "orchestration",
    OrchestrationLayerArgs(group.name, group.id, deployment, config, data, ml, monitoring.collection, tags),
)
monitoring.watch(orchestration.workflow, orchestration.rollback)

for name, value in stack_outputs(config, group, data, ml, orchestration, monitoring).items():
    pulumi.export(name, value)
