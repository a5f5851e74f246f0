"""A real Kubernetes API server on loopback, and what the live cluster is read from there."""
