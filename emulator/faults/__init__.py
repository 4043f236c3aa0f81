"""Faults that are made on purpose: which calls fail, how and how often, to see what a client makes of it."""
