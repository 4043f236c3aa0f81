"""Pulumi without Azure: the azure-native and random stand-in plugins, and the engine for machines without the CLI.

`installation.install` puts the plugins where the real CLI and `engine.Deployment` both find them;
`environment.environment` is what a shell needs for plain `pulumi`.
"""
