"""The stand-in for the random provider's plugin (pulumi-random 4.21): values from the machine's secure source."""
