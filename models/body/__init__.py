"""Services for bodies."""
