"""The product's main job, shown: deploy on the emulator, upload images in two rounds, ask the published model."""
