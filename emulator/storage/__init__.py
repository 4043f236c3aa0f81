"""Storage accounts: management through Azure Resource Manager, blobs by Azurite behind a gateway that checks roles."""
