"""Checks an account before a deployment, a deployed stack, and what a destroyed one left: ``python -m validation``.

It asks Azure as a user's own tools do, through public APIs and with the login of the Azure CLI, and shares no code with
what it checks but the login and the names of containers, regions and resource types.
"""
