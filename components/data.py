"""DataLayer: the storage account, its containers, and how long processed and rejected images are kept."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

import pulumi
from pulumi_azure_native import storage

from components import naming
from components.naming import DeploymentName
from components.settings import Settings


@dataclass(frozen=True)
class ContainerNames:
    """The blob containers by what they hold; the field names are those of the workflow's parameter `containers`."""

    training: str = "training-images"
    processed: str = "processed-images"
    rejected: str = "rejected-images"
    artifacts: str = "model-artifacts"
    evaluation: str = "evaluation-images"


CONTAINERS: Final = ContainerNames()


@dataclass(frozen=True)
class DataLayerArgs:
    """Inputs of `DataLayer`."""

    resource_group_name: pulumi.Input[str]
    deployment: pulumi.Output[DeploymentName]
    settings: Settings
    tags: dict[str, str]


class DataLayer(pulumi.ComponentResource):
    """Where images wait, and what becomes of them.

    One account for all containers: a blob is moved by an asynchronous copy with the workflow's identity, which Azure
    does inside one account only (https://learn.microsoft.com/rest/api/storageservices/copy-blob).

    Attributes:
        account: the storage account.
        containers: the containers by field name of `ContainerNames`.
        blob_endpoint: the account's blob endpoint, with a trailing slash.
    """

    def __init__(self, name: str, args: DataLayerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("custom-vision-retraining:index:DataLayer", name, None, opts)
        self.account = self._account(name, args)
        self.containers = {
            purpose: self._container(f"{name}-{container}", container, args)
            for purpose, container in asdict(CONTAINERS).items()
        }
        self._lifecycle(name, args)
        self.blob_endpoint = self.account.primary_endpoints.apply(lambda endpoints: _slashed(endpoints.blob))
        self.register_outputs({"accountName": self.account.name, "blobEndpoint": self.blob_endpoint})

    def _account(self, name: str, args: DataLayerArgs) -> storage.StorageAccount:
        return storage.StorageAccount(
            f"{name}-account",
            storage.StorageAccountArgs(
                account_name=args.deployment.apply(naming.storage_account),
                resource_group_name=args.resource_group_name,
                location=args.settings.location,
                kind=storage.Kind.STORAGE_V2,
                sku=storage.SkuArgs(name=args.settings.storage_sku),
                access_tier=storage.AccessTier.HOT,
                enable_https_traffic_only=True,
                minimum_tls_version=storage.MinimumTlsVersion.TLS1_2,
                allow_blob_public_access=False,
                allow_cross_tenant_replication=False,
                # Custom Vision fetches images by URL, and a SAS that a workflow can get is signed with an account key.
                allow_shared_key_access=True,
                default_to_o_auth_authentication=True,
                # No firewall: it would keep Custom Vision from fetching images (docs/security.md, Network).
                network_rule_set=storage.NetworkRuleSetArgs(default_action=storage.DefaultAction.ALLOW),
                # A hierarchical namespace excludes blob versioning, change feed and index tags, and buys nothing here.
                is_hns_enabled=False,
                tags=args.tags,
            ),
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=args.settings.protect_data),
        )

    def _container(self, name: str, container: str, args: DataLayerArgs) -> storage.BlobContainer:
        return storage.BlobContainer(
            name,
            storage.BlobContainerArgs(
                account_name=self.account.name,
                resource_group_name=args.resource_group_name,
                container_name=container,
                public_access=storage.PublicAccess.NONE,
            ),
            # Unlike protection, components do not hand it down.
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=args.settings.protect_data),
        )

    def _lifecycle(self, name: str, args: DataLayerArgs) -> None:
        storage.ManagementPolicy(
            f"{name}-lifecycle",
            storage.ManagementPolicyArgs(
                account_name=self.account.name,
                resource_group_name=args.resource_group_name,
                management_policy_name="default",
                policy=storage.ManagementPolicySchemaArgs(
                    rules=[
                        _deletion("delete-processed", CONTAINERS.processed, args.settings.retention_days_processed),
                        _deletion("delete-rejected", CONTAINERS.rejected, args.settings.retention_days_rejected),
                    ]
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )


def _deletion(rule: str, container: str, days: int) -> storage.ManagementPolicyRuleArgs:
    return storage.ManagementPolicyRuleArgs(
        name=rule,
        type=storage.RuleType.LIFECYCLE,
        enabled=True,
        definition=storage.ManagementPolicyDefinitionArgs(
            filters=storage.ManagementPolicyFilterArgs(
                blob_types=["blockBlob"],
                # A prefix begins with the container's name; the slash keeps containers of a longer name out.
                prefix_match=[f"{container}/"],
            ),
            actions=storage.ManagementPolicyActionArgs(
                base_blob=storage.ManagementPolicyBaseBlobArgs(
                    delete=storage.DateAfterModificationArgs(days_after_modification_greater_than=days)
                )
            ),
        ),
    )


def _slashed(address: str) -> str:
    return address.rstrip("/") + "/"
