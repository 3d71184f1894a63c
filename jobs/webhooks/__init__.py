"""Webhooks: what callers ask for, which targets are allowed, and what receivers get."""
