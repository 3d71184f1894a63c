"""Services for faces."""
