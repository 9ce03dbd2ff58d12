"""Files that are served as they are: the viewer of the reference, and what configures it."""
