"""What stands at the ports of other services while deals are tested."""
