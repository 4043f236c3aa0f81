"""Every setting of the program, declared once: what it means, what is allowed, what a change of it does."""

from __future__ import annotations

from typing import Final

from components import parts, regions
from components import setting_values as kinds
from components.alert_settings import ALERT_SETTINGS
from components.domains import CLASSIFICATION_DOMAINS, EXPORT_PLATFORMS
from components.retraining_settings import RETRAINING_SETTINGS
from components.setting import Setting

SETTINGS: Final[tuple[Setting, ...]] = (
    Setting(
        "environmentTags",
        kinds.TAGS,
        {},
        "Tags of every resource that can have tags, beside the program's own: project, stack and purpose, which nobody "
        "else sets, and environment, the stack's name unless you set it.",
        updates=(parts.TAGGED,),
    ),
    Setting(
        "existingResourceGroup",
        kinds.RESOURCE_GROUP,
        None,
        "A resource group that is there already, in any region, and is to be used instead of a new one. It is neither "
        "changed nor deleted.",
        replaces=parts.EVERYTHING_IN_THE_GROUP,
        adds=parts.RESOURCE_GROUP,
    ),
    Setting(
        "existingWorkspaceId",
        kinds.WORKSPACE_ID,
        None,
        "A Log Analytics workspace that is there already, in any region of the same subscription, and is to be used "
        "instead of a new one. Of it only the tables of the runs' records are made, and deleted with the stack; one "
        "workspace can serve one stack. In another region the data collection rule and the alerts over logs "
        "are made anew.",
        updates=(parts.WRITERS_AND_READERS_OF_LOGS,),
        replaces=parts.OF_THE_WORKSPACE,
        adds=parts.WORKSPACE,
    ),
    Setting(
        "protectData",
        kinds.BOOLEAN,
        False,
        "Whether Pulumi refuses to delete or replace what holds images and models. Set it in production.",
    ),
    Setting(
        "purgeOnDestroy",
        kinds.BOOLEAN,
        False,
        "Whether the Custom Vision accounts are purged, with all projects and models, once they are deleted. Azure "
        "keeps a deleted account for 48 hours otherwise, and its name is taken as long. Not together with protectData.",
        adds=parts.PURGES,
    ),
    Setting(
        "allowUnlistedRegion",
        kinds.BOOLEAN,
        False,
        f"Whether a region is taken that the program's table of {regions.AS_OF} does not list for Custom Vision; ask "
        "Azure with python -m validation --preflight first.",
    ),
    Setting(
        "storageSku",
        kinds.choice("Standard_LRS", "Standard_ZRS", "Standard_GRS", "Standard_RAGRS", "Standard_GZRS"),
        "Standard_LRS",
        "How often and where the storage account keeps copies of each blob.",
        updates=(parts.STORAGE_ACCOUNT,),
    ),
    Setting(
        "retentionDaysProcessed",
        kinds.integer(1, 36500),
        365,
        "Days after which a trained image is deleted from processed-images; the project keeps its own copy.",
        updates=(parts.RETENTION,),
    ),
    Setting(
        "retentionDaysRejected",
        kinds.integer(1, 36500),
        90,
        "Days after which an image that was not trained is deleted from rejected-images.",
        updates=(parts.RETENTION,),
    ),
    Setting(
        "customVisionSku",
        kinds.choice("S0", "F0"),
        "S0",
        "Price tier of both Custom Vision accounts. F0 is free: one account of a kind a subscription, 2 projects, "
        "1 hour of training a month.",
        updates=(parts.CUSTOM_VISION_ACCOUNTS, parts.alerts("image-quota")),
    ),
    Setting(
        "trainingAllowedAddresses",
        kinds.PUBLIC_ADDRESSES,
        [],
        "Addresses that may call the training account; no other can. They have to include those that the Logic App "
        "calls from (the output workflowOutgoingAddresses) and who deploys. Without any, everybody may call.",
        updates=(parts.TRAINING_ACCOUNT,),
    ),
    Setting(
        "predictionAllowedAddresses",
        kinds.PUBLIC_ADDRESSES,
        [],
        "Addresses that may ask for predictions; no other can. Without any, the account takes calls from everywhere.",
        updates=(parts.PREDICTION_ACCOUNT,),
    ),
    Setting(
        "customVisionProjectName",
        kinds.matching(
            r"\S(.{0,98}\S)?", "1 to 100 characters, no space at either end", ("Parts of machines", "Fruit")
        ),
        "automated-retraining-project",
        "Name of the Custom Vision project.",
        updates=(parts.PROJECT,),
    ),
    Setting(
        "adoptProjectId",
        kinds.GUID,
        None,
        "A project that exists in the training account and is to be used instead of a new one. It takes the name, "
        "domain and classification type that are set here. When the stack is destroyed it is left in place, with both "
        "Custom Vision accounts and the resource group.",
        updates=(parts.RETRAINING, parts.ROLLBACK, parts.PROJECT_CONFIG),
        replaces=parts.PROJECT,
        unless="it names the very project that the stack has",
    ),
    Setting(
        "domain",
        kinds.choice(*CLASSIFICATION_DOMAINS),
        "General",
        "Kind of pictures that the model starts from. A compact domain can be exported and run outside of Azure.",
        updates=(parts.PROJECT,),
    ),
    Setting(
        "classificationType",
        kinds.choice("Multiclass", "Multilabel"),
        "Multiclass",
        "Whether an image has exactly one tag or any number.",
        updates=(parts.PROJECT,),
    ),
    Setting(
        "targetExportPlatforms",
        kinds.list_of(*EXPORT_PLATFORMS),
        [],
        "Platforms that a trained model must be exportable to; needs a compact domain.",
        updates=(parts.PROJECT,),
    ),
    Setting(
        "publishName",
        kinds.matching(
            r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,63}", "1 to 64 letters, digits, spaces and _ . -", ("live", "v1")
        ),
        "production",
        "Name under which clients ask for predictions; it moves from iteration to iteration, so their URL stays.",
        updates=(parts.RETRAINING, parts.ROLLBACK),
    ),
    *RETRAINING_SETTINGS,
    Setting(
        "pollIntervalSeconds",
        kinds.integer(15, 86400),
        300,
        "Seconds between two looks into training-images. Every look is a billed trigger execution.",
        updates=(parts.RETRAINING, parts.alerts("triggers-failed")),
    ),
    Setting(
        "trainingPollSeconds",
        kinds.integer(1, 3600),
        10,
        "Seconds between two looks at a training, more of them when it lasts for longer than half an hour. Every look "
        "is two billed actions.",
        updates=(parts.RETRAINING,),
    ),
    Setting(
        "manualCallers",
        kinds.ADDRESS_RANGES,
        [],
        "Addresses that may call the manual triggers of retraining and rollback by their URL; no other can. Without "
        "any, a retraining can be started through Azure Resource Manager, but not forced, and nothing rolled back.",
        updates=(parts.RETRAINING, parts.ROLLBACK),
    ),
    Setting(
        "logRetentionDays",
        kinds.integer(30, 730),
        30,
        "Days for which the Log Analytics workspace keeps logs; in an existing one, for which the stack's tables keep "
        "their rows.",
        updates=(parts.WORKSPACE,),
    ),
    Setting(
        "alertEmail",
        kinds.matching(
            r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;]+", "one e-mail address", ("a@contoso.example", "b@contoso.example")
        ),
        None,
        "Who is told when an alert fires. Without it alerts are only visible in Azure Monitor.",
        updates=(parts.ACTION_GROUP,),
    ),
    Setting(
        "noticeWebhook",
        kinds.URL,
        None,
        "Address that gets a POST with run, decision and figures of every run that published, was held by the gate, "
        "failed or rolled back. Set it with --secret.",
        secret=True,
        updates=(parts.RETRAINING, parts.ROLLBACK),
    ),
    Setting(
        "customVisionErrorThreshold",
        kinds.integer(0, 1000000),
        5,
        "More refused calls of a Custom Vision account than this in 15 minutes are an alert. A few are part of normal "
        "work: the service refuses to train when nothing has changed, and throttles.",
        updates=(parts.alerts("*-errors", "*-throttling"),),
    ),
    *ALERT_SETTINGS,
    Setting(
        "resourceManagerEndpoint",
        kinds.ADDRESS,
        "https://management.azure.com/",
        "Azure Resource Manager of the cloud that is deployed to.",
        updates=(parts.RETRAINING, parts.ROLLBACK, parts.PURGES, parts.PROJECT),
    ),
    Setting(
        "resourceManagerAudience",
        kinds.ADDRESS,
        "https://management.azure.com/",
        "Audience of the workflow's tokens for Azure Resource Manager.",
        updates=(parts.RETRAINING, parts.ROLLBACK, parts.PURGES, parts.PROJECT),
    ),
    Setting(
        "portalEndpoint",
        kinds.ADDRESS,
        "https://portal.azure.com/",
        "Portal of the cloud that is deployed to: notices link to runs in it.",
        updates=(parts.RETRAINING, parts.ROLLBACK),
    ),
    Setting(
        "storageAudience",
        kinds.ADDRESS,
        "https://storage.azure.com/",
        "Audience of the workflow's tokens for blobs.",
        updates=(parts.RETRAINING, parts.ROLLBACK),
    ),
    Setting(
        "monitorAudience",
        kinds.ADDRESS,
        "https://monitor.azure.com/",
        "Audience of the workflow's tokens for the Logs Ingestion API.",
        updates=(parts.RETRAINING, parts.ROLLBACK),
    ),
)
"""Every setting of the project's own namespace, in the order of the documentation."""

LOCATION: Final = Setting(
    "azure-native:location",
    kinds.matching(r"[a-z][a-z0-9]{2,49}", "the name of an Azure region, e.g. eastus", ("westeurope", "eastus")),
    None,
    "The region of every resource.",
    replaces=parts.EVERYTHING,
)
"""The one setting that is the provider's; the program needs it too, because some bodies name their region."""
