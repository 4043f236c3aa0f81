"""Tests of workflows with pytest: a fixture that runs definitions, and how much of them the tests reach."""
