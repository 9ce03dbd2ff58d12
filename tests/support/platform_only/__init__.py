"""The schema of a test service that keeps nothing but the platform's own tables."""

from pathlib import Path

FOLDER = Path(__file__).parent
"""The folder of such a service."""
