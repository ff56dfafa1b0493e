"""What scripts/generate makes from openapi.yaml. Never edit anything in here."""
