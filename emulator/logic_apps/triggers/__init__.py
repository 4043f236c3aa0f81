"""Triggers: when they look, what they see, and the runs that they start."""
