"""What the tests of several services share: an installation to call, and ears on its events."""
