"""Signatures over a deal's content, certificates and public verification."""
