"""Measures the server beside peers that do the same work, in one run."""
