"""Tests of pullready itself."""
