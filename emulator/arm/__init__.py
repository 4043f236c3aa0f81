"""The control plane: Azure Resource Manager for the resource types that the emulator's services register."""
