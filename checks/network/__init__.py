"""Does the node reach the registry?"""
