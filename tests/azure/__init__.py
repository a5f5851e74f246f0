"""The stand-in for Azure that the collectors are tested against, and the environments that it serves."""
