"""Turns openapi.yaml into what the server runs."""
