"""The checks: one module for each documented condition under which a pull fails."""
