"""Are the pull secrets of the cluster good?"""
