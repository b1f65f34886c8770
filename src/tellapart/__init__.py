"""tellapart: from labelled pictures to a classifier that can be trusted."""

__version__ = "0.1.0"
