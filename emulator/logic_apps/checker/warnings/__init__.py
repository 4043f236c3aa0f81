"""Warnings: what the service accepts, and what costs, leaks or misleads when the workflow runs.

A module has a topic, and a function ``check`` that looks for it; `advice` calls them all.
"""
