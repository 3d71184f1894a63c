"""The command `faceline bulk`."""
