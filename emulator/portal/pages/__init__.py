"""One module a page: each asks Azure Resource Manager and returns a template with what it shows."""
