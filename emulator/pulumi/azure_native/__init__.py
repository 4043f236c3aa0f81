"""The stand-in for azure-native's plugin: it translates Pulumi's resources to ARM REST calls at the emulator.

Modelled on the behaviour of pulumi-azure-native 3.29; resource types are data, one module of `types` a namespace.
"""
