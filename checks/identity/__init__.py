"""May the one who pulls do so?"""
