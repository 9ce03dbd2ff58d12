"""The ways to run Salesbooth: one process, several processes, containers; and its command line."""
