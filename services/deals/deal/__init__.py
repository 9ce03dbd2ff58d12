"""The deal itself: the aggregate that every feature of this service changes."""
