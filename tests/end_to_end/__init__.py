"""The first deal, over every way of running the system."""
