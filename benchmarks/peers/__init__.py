"""The servers that ours is compared with; each is started with `python -m benchmarks.peers.<name>`."""
