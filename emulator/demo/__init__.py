"""The product's main job, shown: deploy on the emulator, upload images, retrain, gate, publish, predict, roll back."""
