"""MLLayer: the Custom Vision accounts for training and for prediction, and the project in the former."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, cast

import pulumi
from pulumi.output import UNKNOWN
from pulumi_azure_native import authorization, cognitiveservices

from components import naming, network_rules
from components.account_purge import AccountPurge, AccountPurgeArgs
from components.custom_vision import CustomVisionProject, CustomVisionProjectArgs
from components.naming import DeploymentName
from components.settings import Settings

DESCRIPTION = "Retrained by a Logic App whenever new images are uploaded."


@dataclass(frozen=True)
class MLLayerArgs:
    """Inputs of `MLLayer`."""

    resource_group_name: pulumi.Input[str]
    deployment: pulumi.Output[DeploymentName]
    settings: Settings
    tags: dict[str, str]


class MLLayer(pulumi.ComponentResource):
    """The service that trains and answers.

    Attributes:
        training: the account that projects live in; images are uploaded and models are trained with its key.
        prediction: the account that iterations are published to; its key is what clients predict with.
        project: the project that is retrained.
        training_endpoint: address of the training account, with a trailing slash.
        prediction_endpoint: address of the prediction account, with a trailing slash.
    """

    def __init__(self, name: str, args: MLLayerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("custom-vision-retraining:index:MLLayer", name, None, opts)
        self.training = self._account(
            f"{name}-training",
            "CustomVision.Training",
            naming.training_account,
            args.settings.training_allowed_addresses,
            args,
        )
        self.prediction = self._account(
            f"{name}-prediction",
            "CustomVision.Prediction",
            naming.prediction_account,
            args.settings.prediction_allowed_addresses,
            args,
        )
        self.training_endpoint = self.training.properties.apply(_endpoint)
        self.prediction_endpoint = self.prediction.properties.apply(_endpoint)
        self.project = self._project(f"{name}-project", args)
        self.register_outputs(
            {
                "trainingEndpoint": self.training_endpoint,
                "predictionEndpoint": self.prediction_endpoint,
                "projectId": self.project.id,
            }
        )

    def _account(
        self,
        name: str,
        kind: Literal["CustomVision.Training", "CustomVision.Prediction"],
        account_name: Callable[[DeploymentName], str],
        allowed_addresses: Sequence[str],
        args: MLLayerArgs,
    ) -> cognitiveservices.Account:
        unique_name = args.deployment.apply(account_name)
        purge = [self._purge(f"{name}-purge", unique_name, args)] if args.settings.purge_on_destroy else []
        return cognitiveservices.Account(
            name,
            cognitiveservices.AccountArgs(
                account_name=unique_name,
                resource_group_name=args.resource_group_name,
                location=args.settings.location,
                kind=kind,
                sku=cognitiveservices.SkuArgs(name=args.settings.custom_vision_sku),
                properties=cognitiveservices.AccountPropertiesArgs(
                    # An address of its own is what Entra tokens need, should the service come to take them.
                    custom_sub_domain_name=unique_name,
                    public_network_access=cognitiveservices.PublicNetworkAccess.ENABLED,
                    network_acls=network_rules.of_account(allowed_addresses),
                    # Keys are the only way in that is proven to work with Custom Vision's training API.
                    disable_local_auth=False,
                ),
                tags=args.tags,
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=purge, retain_on_delete=args.settings.retains_accounts),
        )

    def _purge(self, name: str, account_name: pulumi.Output[str], args: MLLayerArgs) -> AccountPurge:
        client = authorization.get_client_config_output(opts=pulumi.InvokeOutputOptions(parent=self))
        return AccountPurge(
            name,
            AccountPurgeArgs(
                subscription_id=client.subscription_id,
                location=args.settings.location,
                resource_group=args.resource_group_name,
                account_name=account_name,
                endpoint=args.settings.resource_manager_endpoint,
                audience=args.settings.resource_manager_audience,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _project(self, name: str, args: MLLayerArgs) -> CustomVisionProject:
        keys = cognitiveservices.list_account_keys_output(
            account_name=self.training.name,
            resource_group_name=args.resource_group_name,
            opts=pulumi.InvokeOutputOptions(parent=self),
        )
        settings = args.settings
        return CustomVisionProject(
            name,
            CustomVisionProjectArgs(
                account_id=self.training.id,
                endpoint=self.training_endpoint,
                training_key=keys.apply(_first_key),
                resource_manager_endpoint=settings.resource_manager_endpoint,
                resource_manager_audience=settings.resource_manager_audience,
                name=settings.custom_vision_project_name,
                description=DESCRIPTION,
                domain_id=settings.domain_id,
                classification_type=settings.classification_type,
                target_export_platforms=list(settings.target_export_platforms),
                adopt_project_id=settings.adopt_project_id,
            ),
            # Deleting it unpublishes its iterations, so the account that they are published to must still be there.
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[self.prediction], retain_on_delete=settings.protect_data
            ),
        )


def _first_key(keys: cognitiveservices.ListAccountKeysResult) -> str:
    if not keys.key1:
        raise ValueError(
            "the Custom Vision training account has no key1: is local authentication disabled by a policy?"
        )
    return keys.key1


def _endpoint(properties: cognitiveservices.outputs.AccountPropertiesResponse) -> str:
    endpoint = cast("str | None", properties.endpoint)
    if endpoint is not None:
        return endpoint.rstrip("/") + "/"
    if pulumi.runtime.is_dry_run():
        # A preview may show the properties as they were asked for, without what the service adds.
        return cast("str", UNKNOWN)
    raise ValueError("the Custom Vision account has no endpoint")
