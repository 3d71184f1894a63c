"""Who may use the API: keys, their scopes, and what callers did (the audit)."""
