"""Web pages that show what is deployed on the emulator and what happened there."""
