"""The Azure services that the retraining program uses, on a laptop: see docs/emulator.md."""
