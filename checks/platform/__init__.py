"""Does the image run on the node that it lands on?"""
