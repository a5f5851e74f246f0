"""Pure functions over facts, each named after the fault that it looks for."""
