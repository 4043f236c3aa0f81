"""What is called without Azure Resource Manager: triggers, callbacks, contents."""
