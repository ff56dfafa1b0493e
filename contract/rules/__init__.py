"""The house rules for openapi.yaml, by what they look at."""
