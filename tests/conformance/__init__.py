"""What shows that the stand-in for Azure is like Azure; run by ``make conformance``."""
