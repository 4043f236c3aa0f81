"""Workflow definitions in files: read with the place of every value, in all the forms in which people keep them."""
