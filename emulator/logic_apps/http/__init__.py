"""Calls over HTTP: bodies, authentication, retries, chunks."""
