"""The way that a pull's connections take from a node subnet to the endpoints of a registry, hop by hop.

``flow`` has the words: what flows where, and whether something lets it pass. ``hosts`` tells which endpoints a pull
needs. Each other module answers for one kind of hop, and ``way`` puts them together.
"""
