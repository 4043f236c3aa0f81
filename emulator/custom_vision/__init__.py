"""Azure AI Custom Vision for image classification: training API v3.3, prediction API v3.1, accounts on ARM."""
