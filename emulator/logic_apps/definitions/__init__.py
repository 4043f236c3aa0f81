"""A workflow's definition: its parts, what types of operations there are, and how it is read."""
