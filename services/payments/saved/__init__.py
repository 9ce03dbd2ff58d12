"""Payment methods that customers saved."""
