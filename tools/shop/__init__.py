"""The shop that the embedded examples show."""
