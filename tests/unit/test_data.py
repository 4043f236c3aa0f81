from tests.unit.layers import data_layer
from tests.unit.recording import Run, minimal_config

ACCOUNT = "azure-native:storage:StorageAccount"
CONTAINER = "azure-native:storage:BlobContainer"


def test_the_account_is_hot_locally_redundant_and_closed_to_the_public(run: Run):
    account = run(minimal_config(), data_layer).one(ACCOUNT).plain
    name = account.pop("accountName")
    assert name.startswith("st")
    assert name.endswith("testabc123")
    assert account == {
        "accessTier": "Hot",
        "allowBlobPublicAccess": False,
        "allowCrossTenantReplication": False,
        "allowSharedKeyAccess": True,
        "defaultToOAuthAuthentication": True,
        "enableHttpsTrafficOnly": True,
        "isHnsEnabled": False,
        "kind": "StorageV2",
        "location": "eastus",
        "minimumTlsVersion": "TLS1_2",
        "networkRuleSet": {"bypass": "AzureServices", "defaultAction": "Allow"},
        "resourceGroupName": "rg-test",
        "sku": {"name": "Standard_LRS"},
        "tags": {"environment": "test"},
    }


def test_the_sku_is_the_setting(run: Run):
    deployed = run(minimal_config(storageSku="Standard_ZRS"), data_layer)
    assert deployed.one(ACCOUNT).plain["sku"] == {"name": "Standard_ZRS"}


def test_five_private_containers_lie_in_the_account(run: Run):
    deployed = run(minimal_config(), data_layer)
    account = deployed.one(ACCOUNT).plain["accountName"]
    containers = [each.plain for each in deployed.all(CONTAINER)]
    assert {each["containerName"] for each in containers} == {
        "training-images",
        "model-artifacts",
        "processed-images",
        "rejected-images",
        "evaluation-images",
    }
    assert all(each["publicAccess"] == "None" and each["accountName"] == account for each in containers)


def test_only_processed_and_rejected_images_expire_each_after_its_days(run: Run):
    deployed = run(minimal_config(retentionDaysProcessed="30", retentionDaysRejected="7"), data_layer)
    policy = deployed.one("azure-native:storage:ManagementPolicy").plain
    assert policy["managementPolicyName"] == "default"
    rules = policy["policy"]["rules"]
    assert all(rule["enabled"] and rule["type"] == "Lifecycle" for rule in rules)
    definitions = [rule["definition"] for rule in rules]
    assert {
        definition["filters"]["prefixMatch"][0]: definition["actions"]["baseBlob"]["delete"][
            "daysAfterModificationGreaterThan"
        ]
        for definition in definitions
    } == {"processed-images/": 30, "rejected-images/": 7}
    assert all(definition["filters"]["blobTypes"] == ["blockBlob"] for definition in definitions)


def test_every_resource_is_a_child_of_the_layer(run: Run):
    deployed = run(minimal_config(), data_layer)
    layer = deployed.one("custom-vision-retraining:index:DataLayer")
    children = [each for each in deployed.resources if each is not layer]
    assert len(children) == 7
    assert all(each.parent == layer.urn for each in children)
