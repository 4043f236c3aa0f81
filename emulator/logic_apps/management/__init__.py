"""The management API of workflows: Microsoft.Logic on Azure Resource Manager, 2019-05-01."""
