"""Generators of what is committed; each has ``--check``."""
