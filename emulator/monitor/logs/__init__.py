"""Azure Monitor Logs: custom tables, what collects rows for them, and what asks for them."""
