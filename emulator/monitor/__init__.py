"""Azure Monitor: platform metrics, metric alerts, action groups, diagnostic settings, Log Analytics workspaces."""
