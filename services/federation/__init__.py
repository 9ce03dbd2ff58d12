"""The federation context: what other instances and third parties can trust this one by."""
