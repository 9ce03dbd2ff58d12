"""Two services that exist for the platform's tests: a shop that leads sagas, and a depot that takes commands."""
