"""Is the reference right, and is the image there?"""
