"""Runs under way: what runs next, what expressions see, how a run ends."""
