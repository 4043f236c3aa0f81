"""What Custom Vision costs and how well its model knows what it knows: ``python -m bench.custom_vision``."""
