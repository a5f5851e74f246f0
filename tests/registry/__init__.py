"""A real registry behind the stand-in's front, and images made for it."""
