"""The documentation that the server shows, made from openapi.yaml."""
